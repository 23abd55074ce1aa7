// Drives MQTT.js in its own environment, as a plug: strangers/driven.py. No test imports it.
'use strict';

const fs = require('fs');
const readline = require('readline');
const mqtt = require('mqtt');

const settings = JSON.parse(process.argv[2]);
const received = [];
let client = null;

const calls = {
  // Connect with one try. The answer is "" or why it was refused.
  connect: ({ version, password }) =>
    new Promise((resolve) => {
      client = mqtt.connect(settings.url, {
        ca: fs.readFileSync(settings.cafile),
        clientId: settings.client,
        username: settings.user,
        password,
        protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
        protocolVersion: version,
        reconnectPeriod: 0,
      });
      client.on('message', (topic, payload) => received.push([topic, payload.toString()]));
      client.on('connect', () => resolve(''));
      client.on('error', (error) => resolve(String(error)));
    }),
  // The granted QoS; 128 and more: refused.
  subscribe: ({ topic }) =>
    new Promise((resolve, reject) =>
      client.subscribe(topic, { qos: 1 }, (error, granted, packet) =>
        packet ? resolve(packet.granted) : reject(error),
      ),
    ),
  publish: ({ topic, payload }) =>
    new Promise((resolve, reject) =>
      client.publish(topic, payload, { qos: 1 }, (error) => (error ? reject(error) : resolve('acknowledged'))),
    ),
  // What came in, once there are so many.
  received: async ({ count }) => {
    while (received.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    return received;
  },
  end: () => new Promise((resolve) => client.end(false, {}, () => resolve('ended'))),
};

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { answer: await calls[question.call](question) };
  } catch (problem) {
    answer = { error: String(problem) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});

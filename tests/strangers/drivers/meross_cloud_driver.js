// Drives the package meross-cloud in its own environment: strangers/driven.py. No test imports it.
'use strict';

const readline = require('readline');
const mqtt = require('mqtt');

const settings = JSON.parse(process.argv[2]);
console.log = console.error; // what the package prints is no answer

// The package knows its broker by the fixed port 2001: host and port are put in here, before it is loaded.
const [host, port] = settings.broker.split(':');
require.cache[require.resolve('mqtt')].exports = {
  ...mqtt,
  connect: (options) => mqtt.connect({ ...options, host, port: Number(port) }),
};
const MerossCloud = require('meross-cloud');

const cloud = new MerossCloud({
  email: 'owner@example.org',
  password: 'secret',
  localHttpFirst: settings.transport === 'http',
  onlyLocalForGet: true,
  timeout: 5000,
});
cloud.httpDomain = settings.cloud;

let plug = null;
const pushed = [];
const errors = [];

// Call a method of the plug whose last argument is a callback.
const call = (method, ...args) =>
  new Promise((resolve, reject) => plug[method](...args, (error, answer) => (error ? reject(error) : resolve(answer))));

const calls = {
  start: () =>
    new Promise((resolve, reject) => {
      cloud.on('error', (error) => errors.push(String(error)));
      cloud.on('deviceInitialized', (id, definition, device) => {
        plug = device;
        if (settings.transport === 'http') device.setKnownLocalIp(settings.http);
      });
      cloud.on('data', (id, namespace, payload) => pushed.push([namespace, payload]));
      cloud.on('connected', (id) => resolve({ uuid: id, definition: plug.dev }));
      cloud.connect((error) => error && reject(error));
    }),
  command: ({ method, args }) => call(method, ...(args || [])),
  message: ({ method, namespace, payload }) => call('publishMessage', method, namespace, payload),
  // The payloads of all pushes of that namespace, once there are so many.
  pushed: async ({ namespace, count }) => {
    for (;;) {
      const found = pushed.filter(([name]) => name === namespace);
      if (found.length >= count) return found.map(([, payload]) => payload);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
  errors: async () => errors,
};

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { answer: (await calls[question.call](question)) ?? null };
  } catch (problem) {
    answer = { error: String(problem) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});

// Drives the Tuya decoders of zigbee-herdsman-converters in their own environment: strangers/driven.py.
'use strict';

const readline = require('readline');
const tuya = require('zigbee-herdsman-converters/lib/tuya');

const converters = {
  8: tuya.valueConverter.phaseVariant2WithPhase('a'),
  '15b': tuya.valueConverter.phaseVariant1,
  10: tuya.valueConverter.phaseVariant3,
};

// A phase in hexadecimal, as volts, amperes and watts; without the name of the phase.
const phase = ({ layout, raw }) => {
  const found = converters[layout].from(Buffer.from(raw, 'hex').toString('base64'), {}, {}, () => {});
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name.replace('_a', ''), value]));
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  let answer;
  try {
    answer = { answer: phase(JSON.parse(line)) };
  } catch (problem) {
    answer = { error: String(problem) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});

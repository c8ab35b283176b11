import {LakeConfigError, readLakeConfig} from '../lib';
import {configFile} from './lakes';

const dataset = (fields: string, key: string, rest = '') => `datasets:
  d:
    landing: d/*.csv
    schema: [${fields}]
    serve: {table: T, key: ${key}}
${rest}`;
const read = (yaml: string, more = {}) => readLakeConfig({file: configFile(yaml), ...more});

describe('keys of served tables', () => {
  test.each([
    ['int32', 'N'], ['int64', 'N'], ['float32', 'N'], ['double', 'N'], ["'decimal(38,9)'", 'N'],
    ['text', 'S'], ['date', 'S'], ['timestamp', 'S'], ['timestamptz', 'S'], ['binary', 'B'],
  ])('%s is stored as %s', (declared, stored) => {
    expect(read(dataset(`{name: k, type: ${declared}}`, '[k]')).tables)
      .toEqual([expect.objectContaining({name: 'T', partitionKey: {name: 'k', type: stored}})]);
  });

  test('a second column is the sort key', () => {
    expect(read(dataset('{name: a, type: text}, {name: b, type: int32}', '[a, b]')).tables).toEqual([
      {name: 'T', partitionKey: {name: 'a', type: 'S'}, sortKey: {name: 'b', type: 'N'}, batched: false, expires: false}]);
  });

  test('one column needs no brackets', () => {
    expect(read(dataset('{name: a, type: text}', 'a')).tables[0].partitionKey.name).toBe('a');
  });

  test('captures and lineage have their types without being declared', () => {
    const yaml = dataset('{name: a, type: text}', '[store, _row]').replace('landing: d/*.csv',
      'landing: d/{store}.csv\n    capture_columns: [store]');
    expect(read(yaml).tables[0]).toMatchObject({
      partitionKey: {name: 'store', type: 'S'}, sortKey: {name: '_row', type: 'N'}});
  });
});

describe('what cannot be deployed is said with file, line and column', () => {
  test.each([
    ['a key without a declared type', dataset('{name: a, type: text}', '[id]'),
      /lake\.yaml:5:28: datasets\.d\.serve\.key: the type of id is not declared.*datasets\.d\.schema.*--pin/],
    ['a dataset without a schema', 'datasets:\n  d:\n    landing: d\n    serve: {table: T, key: [id]}\n',
      /lake\.yaml:4:28: .*the type of id is not declared/],
    ['lineage that is switched off', dataset('{name: a, type: text}', '[_row]').replace(
      'landing: d/*.csv', 'landing: d/*.csv\n    lineage: false'), /the type of _row is not declared/],
    ['bool', dataset('{name: a, type: bool}', '[a]'), /a is bool, which cannot be a key/],
    ['list', dataset("{name: a, type: 'list<text>'}", '[a]'), /a is list<text>, which cannot be a key/],
    ['three columns', dataset('{name: a, type: text}', '[a, b, c]'), /key has 3 columns/],
    ['no key', 'datasets:\n  d: {serve: {table: T}}\n', /lake\.yaml:2:.*key has 0 columns/],
    ['a SQLite file', dataset('{name: a, type: text}', '[a], to: t.sqlite'), /serve\.to is "t\.sqlite"/],
    ['one table, two keys', `${dataset('{name: a, type: text}', '[a]')}
  e: {schema: [{name: b, type: text}], serve: {table: T, key: [b]}}`, /the table T is served by another/],
    ['broken YAML', 'datasets: [', /lake\.yaml:\d+:\d+: /],
    ['a key that stands twice', 'datasets: {}\ndatasets: {}\n', /lake\.yaml:2:1: .*unique/],
    ['no mapping', '- 1\n', /lake\.yaml:1:1: /],
  ])('%s', (_what, yaml, message) => {
    expect(() => read(yaml)).toThrow(LakeConfigError);
    expect(() => read(yaml)).toThrow(message);
  });

  test('a missing file', () => {
    expect(() => readLakeConfig({file: 'nowhere/lake.yaml'})).toThrow(/nowhere\/lake\.yaml: cannot be read/);
  });
});

describe('environments and variables', () => {
  const yaml = dataset('{name: a, type: text}', '[a]',
    'environments:\n  prod: {table_prefix: "prod_${TEAM}_"}\n  dev: {lake: x}\n');

  test('the prefix of the environment goes before names of tables', () => {
    expect(read(yaml, {environment: 'prod', variables: {TEAM: 'ops'}}).tables[0].name).toBe('prod_ops_T');
    expect(read(yaml, {environment: 'dev'}).tables[0].name).toBe('T');
    expect(read(yaml).tables[0].name).toBe('T');
  });
  test('an unknown environment names the known ones', () => {
    expect(() => read(yaml, {environment: 'pord'})).toThrow(/no environment pord \(it has: prod, dev\)/);
  });
  test('a variable that the functions would not have', () => {
    expect(() => read(yaml, {environment: 'prod'})).toThrow(/lake\.yaml:7:\d+: the variable TEAM/);
  });
  test('$${ stands for itself', () => {
    expect(read(dataset('{name: a, type: text}', '[a]').replace('table: T', () => 'table: "$${T}"'))
      .tables[0].name).toBe('${T}');
  });
});

describe('how a table is written', () => {
  const served = (rest: string, mode = 'append') => read(dataset('{name: a, type: text}', `[a]${rest}`)
    .replace('landing:', `mode: ${mode}\n    landing:`));
  test('upsert is in batches', () => {
    expect(served(', write: upsert').tables[0].batched).toBe(true);
    expect(served(', write: newest').tables[0].batched).toBe(false);
  });
  test('ttl lets rows expire', () => expect(served(', ttl: a').tables[0].expires).toBe(true));
  test('snapshots need a table of lakegate\'s own', () => {
    expect(served('', 'snapshot').marksTable).toBe('lakegate_sources');
    expect(served('').marksTable).toBeUndefined();
  });
});

test('the Glue database is the one that lake.yaml names', () => {
  expect(read('datasets: {}\n').glueDatabase).toBeUndefined();
  const yaml = 'datasets: {}\ncatalog: {glue: {database: lake}}\n' +
    'environments:\n  prod: {catalog: {glue: {database: prod_lake}}}\n  dev: {table_prefix: d}\n';
  expect(read(yaml).glueDatabase).toBe('lake');
  expect(read(yaml, {environment: 'dev'}).glueDatabase).toBe('lake');
  expect(read(yaml, {environment: 'prod'}).glueDatabase).toBe('prod_lake');
});

// What the tests share: a lake.yaml and a package in a folder of the test's own, and the template
// that a DataLake of them gives.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {App, Stack} from 'aws-cdk-lib';
import {Template} from 'aws-cdk-lib/assertions';
import {DataLake} from '../lib';
import type {DataLakeProps} from '../lib';

const EMPTY_ZIP = Buffer.from('504b0506' + '00'.repeat(18), 'hex');

let folder: string;
beforeAll(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lakegate-cdk-test-')); });
afterAll(() => fs.rmSync(folder, {recursive: true}));

export function packageFile(): string {
  const file = path.join(folder, 'package.zip');
  fs.writeFileSync(file, EMPTY_ZIP);
  return file;
}

export function configFile(yaml: string): string {
  const file = path.join(folder, 'lake.yaml');
  fs.writeFileSync(file, yaml);
  return file;
}

export function newStack(): Stack {
  return new Stack(new App({builtinCloudFormationValidation: false}), 'Test');
}

export const ORDERS = `datasets:
  orders:
    landing: orders/*.csv
    schema: [{name: id, type: int64}]
    serve: {table: Orders, key: [id]}
`;
export const UNSERVED = 'datasets:\n  readings: {landing: "readings/*.json"}\n';

export function lakeIn(stack: Stack, props: Partial<DataLakeProps> = {}, yaml = ORDERS): DataLake {
  return new DataLake(stack, 'Lake', {config: configFile(yaml), packagePath: packageFile(), ...props});
}

export function templateOf(
  props: (stack: Stack) => Partial<DataLakeProps> = () => ({}), yaml = ORDERS): Template {
  const stack = newStack();
  lakeIn(stack, props(stack), yaml);
  return Template.fromStack(stack);
}

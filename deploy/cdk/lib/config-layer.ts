// lake.yaml reaches the functions as a layer of one file: it changes in the same deployment as the
// tables that are made of it, and needs neither a custom resource nor a package made anew.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {aws_lambda as lambda} from 'aws-cdk-lib';
import type {Construct} from 'constructs';

/** Where Lambda puts the file, for LAKEGATE_CONFIG. */
export const CONFIG_PATH = '/opt/lake.yaml';

export function makeConfigLayer(scope: Construct, id: string, file: string): lambda.LayerVersion {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lakegate-config-'));
  try {
    fs.copyFileSync(file, path.join(folder, 'lake.yaml'));
    return new lambda.LayerVersion(scope, id, {
      code: lambda.Code.fromAsset(folder),  // copied into the assembly here and now
      description: 'lake.yaml',
    });
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
}

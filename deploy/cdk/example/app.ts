// A lake of its own bucket: npx cdk deploy. What can be chosen: DataLakeProps in lib/data-lake.ts.
//   -c package=../../build/lakegate-arm64.zip   the package    -c config=example/lake.yaml  lake.yaml
//   -c environment=prod                         an environment of lake.yaml
//   -c bucket=NAME -c prefix=lake               a bucket that exists, and where in it
import * as path from 'node:path';
import {App, CfnOutput, Stack, aws_s3 as s3} from 'aws-cdk-lib';
import {DataLake} from '../lib';

// The template is judged by cfn-lint in the tests, which takes no time of a synth.
const app = new App({builtinCloudFormationValidation: false});
const choice = (name: string): string | undefined => app.node.tryGetContext(name);

const stack = new Stack(app, 'Lakegate', {description: 'A lake and what works on it'});
const bucket = choice('bucket');
const lake = new DataLake(stack, 'Lake', {
  config: choice('config') ?? path.join(__dirname, 'lake.yaml'),
  environment: choice('environment'),
  packagePath: choice('package') ?? path.join(__dirname, '../../../build/lakegate-arm64.zip'),
  bucket: bucket === undefined ? undefined : s3.Bucket.fromBucketName(stack, 'Existing', bucket),
  prefix: choice('prefix'),
});
new CfnOutput(stack, 'LakeRoot', {value: lake.lake, description: 'for --lake and LAKEGATE_LAKE'});
new CfnOutput(stack, 'LandingQueue', {
  value: lake.landings.queue.queueUrl, description: 'for lakegate run --enqueue'});
new CfnOutput(stack, 'ConvertFunction', {value: lake.convert.function.functionName});
if (lake.load) new CfnOutput(stack, 'LoadFunction', {value: lake.load.function.functionName});

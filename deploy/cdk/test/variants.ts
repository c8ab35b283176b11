// One stack for each way of deploying that the tests in tests/deploy/ look at; there the same is said
// to the Terraform module.
import {App, Duration, Stack, aws_ec2 as ec2, aws_iam as iam, aws_kms as kms, aws_lambda as lambda} from 'aws-cdk-lib';
import {aws_events as events, aws_s3 as s3, aws_sns as sns} from 'aws-cdk-lib';
import {DataLake, LakeEvents} from '../lib';
import type {DataLakeProps} from '../lib';

const app = new App({builtinCloudFormationValidation: false});
const config: string = app.node.tryGetContext('config');
const packagePath: string = app.node.tryGetContext('package');
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';

function variant(name: string, props: (stack: Stack) => Partial<DataLakeProps>): void {
  const stack = new Stack(app, name);
  new DataLake(stack, 'Lake', {config, packagePath, bucketName: 'ours', ...props(stack)});
}

variant('Plain', () => ({}));
variant('Existing', (stack) => ({
  bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'ours'), prefix: 'team/lake', environment: 'prod',
  variables: {TEAM: 'ops'}, encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY)}));
variant('Chosen', (stack) => ({
  events: LakeEvents.S3,
  prefix: 'lake',
  encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY),
  architecture: lambda.Architecture.X86_64,
  memorySize: 1769,
  timeout: Duration.minutes(10),
  batchSize: 5,
  maxConcurrency: 20,
  maxReceiveCount: 3,
  rejectsAlarmThreshold: 100,
  schedule: {factory: 'cron(0 4 * * ? *)'},
  fetchTimeout: Duration.minutes(14),
  eventBus: events.EventBus.fromEventBusArn(
    stack, 'Bus', 'arn:aws:events:eu-west-1:123456789012:event-bus/ops'),
  permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(
    stack, 'Boundary', 'arn:aws:iam::123456789012:policy/edge'),
  alarmTopic: sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-west-1:123456789012:ops'),
  vpc: ec2.Vpc.fromVpcAttributes(stack, 'Net', {
    vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['eu-west-1a'],
    privateSubnetIds: ['subnet-0123456789abcdef0'], privateSubnetRouteTableIds: ['rtb-0123456789abcdef0']}),
  securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Door', 'sg-0123456789abcdef0')],
}));

import {Duration, aws_ec2 as ec2, aws_lambda as lambda} from 'aws-cdk-lib';
import {Match, Template} from 'aws-cdk-lib/assertions';
import {LakegateFunction} from '../lib';
import {newStack, packageFile} from './lakes';

test('has good defaults', () => {
  const stack = newStack();
  new LakegateFunction(stack, 'F', {packagePath: packageFile()});
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Runtime: 'provided.al2023', Handler: 'bootstrap', Architectures: ['arm64'], MemorySize: 256,
    Timeout: 300, LoggingConfig: Match.anyValue(), Environment: Match.absent()});
  template.hasResourceProperties('AWS::Logs::LogGroup', {RetentionInDays: 30});
});

test('everything can be chosen', () => {
  const stack = newStack();
  new LakegateFunction(stack, 'F', {
    packagePath: packageFile(), architecture: lambda.Architecture.X86_64, memorySize: 1769,
    timeout: Duration.minutes(15), environment: {LAKEGATE_LAKE: 's3://b/lake'}});
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Architectures: ['x86_64'], MemorySize: 1769, Timeout: 900,
    Environment: {Variables: {LAKEGATE_LAKE: 's3://b/lake'}}});
});

test('may write its own log and nothing else', () => {
  const stack = newStack();
  new LakegateFunction(stack, 'F', {packagePath: packageFile()});
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::IAM::Role', {ManagedPolicyArns: Match.absent()});
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  expect(policy.Properties.PolicyDocument.Statement).toEqual([expect.objectContaining({
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: {'Fn::GetAtt': [expect.stringMatching(/Log/), 'Arn']}})]);
});

test('joins a network', () => {
  const stack = newStack();
  new LakegateFunction(stack, 'F', {packagePath: packageFile(), vpc: new ec2.Vpc(stack, 'Net', {maxAzs: 2})});
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {VpcConfig: {SubnetIds: Match.anyValue()}});
  template.hasResourceProperties('AWS::IAM::Policy', {PolicyDocument: {Statement: Match.arrayWith([
    Match.objectLike({Sid: 'JoinNetwork', Action: Match.arrayWith(['ec2:CreateNetworkInterface'])})])}});
});

test('a missing package is said with the command that makes it', () => {
  expect(() => new LakegateFunction(newStack(), 'F', {packagePath: 'build/none.zip'}))
    .toThrow(/build\/none\.zip: there is no package; make it: lakegate package --arch arm64 -o build\/none\.zip/);
});

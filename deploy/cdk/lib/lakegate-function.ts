// One Lambda function that runs a lakegate package: no Docker, nothing built at synth.
import * as fs from 'node:fs';
import {Duration} from 'aws-cdk-lib';
import type {aws_ec2 as ec2} from 'aws-cdk-lib';
import {aws_iam as iam, aws_lambda as lambda, aws_logs as logs} from 'aws-cdk-lib';
import {Construct} from 'constructs';

export interface LakegateFunctionProps {
  /** The zip that `lakegate package` wrote, for the same architecture. */
  readonly packagePath: string;
  /** @default arm64 */
  readonly architecture?: lambda.Architecture;
  /** In MB. lakegate takes its memory budget and its threads from it. @default 256 */
  readonly memorySize?: number;
  /** Work is begun up to 10 s before it ends. @default 5 minutes */
  readonly timeout?: Duration;
  /** LAKEGATE_LAKE, LAKEGATE_CONFIG, and what lake.yaml takes from the environment. */
  readonly environment?: Record<string, string>;
  readonly description?: string;
  readonly layers?: lambda.ILayerVersion[];
  readonly vpc?: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
  /** @default one month */
  readonly logRetention?: logs.RetentionDays;
}

/** Names the missing package and how it is made, before the CDK complains about an asset. */
function packageAt(path: string, architecture: lambda.Architecture): string {
  if (fs.statSync(path, {throwIfNoEntry: false})?.isFile()) return path;
  const arch = architecture === lambda.Architecture.ARM_64 ? 'arm64' : 'x86_64';
  throw new Error(`${path}: there is no package; make it: lakegate package --arch ${arch} -o ${path}`);
}

/** May write its own log and nothing else; `addPermissions` gives the rest. */
export class LakegateFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;
  readonly logGroup: logs.LogGroup;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: LakegateFunctionProps) {
    super(scope, id);
    const architecture = props.architecture ?? lambda.Architecture.ARM_64;
    this.timeout = props.timeout ?? Duration.minutes(5);
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
    });
    this.role = new iam.Role(this, 'Role', {assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com')});
    this.addPermissions(new iam.PolicyStatement({
      sid: 'WriteLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [this.logGroup.logGroupArn],
    }));
    if (props.vpc) this.addPermissions(joinNetwork());
    this.function = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: 'bootstrap',
      code: lambda.Code.fromAsset(packageAt(props.packagePath, architecture)),
      architecture,
      memorySize: props.memorySize ?? 256,
      timeout: this.timeout,
      environment: props.environment,
      description: props.description,
      layers: props.layers,
      role: this.role,
      logGroup: this.logGroup,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
    });
    // The CDK names the role as a dependency, which the property Role is already; harmless.
    (this.function.node.defaultChild as lambda.CfnFunction).addMetadata(
      'cfn-lint', {config: {ignore_checks: ['W3005']}});
  }

  addPermissions(...statements: iam.PolicyStatement[]): void {
    for (const statement of statements) this.role.addToPolicy(statement);
  }
}

// These actions know no narrower resource:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
function joinNetwork(): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'JoinNetwork',
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  });
}

// A lake in a bucket, and all that works on it: what lands is converted, what is converted is
// loaded into tables, what fails is kept and told.
import {Duration, RemovalPolicy, aws_dynamodb as dynamodb, aws_glue as glue, aws_iam as iam} from 'aws-cdk-lib';
import type {aws_cloudwatch as cloudwatch, aws_ec2 as ec2, aws_events as events} from 'aws-cdk-lib';
import type {aws_kms as kms, aws_lambda as lambda, aws_logs as logs, aws_s3 as s3} from 'aws-cdk-lib';
import type {aws_sns as sns} from 'aws-cdk-lib';
import {Aws} from 'aws-cdk-lib';
import {Construct} from 'constructs';
import {addLakeAlarms} from './alarms';
import {CONFIG_PATH, makeConfigLayer} from './config-layer';
import {EventQueue} from './event-queue';
import type {ObjectFilter} from './event-queue';
import {lakePrefix, makeLakeBucket, setNotifications} from './lake-bucket';
import {readLakeConfig} from './lake-config';
import type {KeyAttribute, LakeConfig, ServedTable} from './lake-config';
import {LakegateFunction} from './lakegate-function';
import {announcePermissions, catalogPermissions, convertPermissions, loadPermissions} from './permissions';
import type {LakePlace} from './permissions';
import {scheduleFetches} from './scheduled-fetch';

/** How the creation of objects reaches the queues. */
export enum LakeEvents {
  /** S3 -> EventBridge -> SQS. An existing bucket must send its events to EventBridge. */
  EVENT_BRIDGE = 'eventbridge',
  /** S3 -> SQS, for a bucket that is made here. */
  S3 = 's3',
}

export interface DataLakeProps {
  /** The path of lake.yaml. */
  readonly config: string;
  /** The environment of lake.yaml that this is; its `table_prefix` goes before names of tables. */
  readonly environment?: string;
  /** What `${NAME}` in lake.yaml stands for; the functions get the same in their environment. */
  readonly variables?: Record<string, string>;
  /** The zip that `lakegate package` wrote. */
  readonly packagePath: string;
  /** @default arm64 */
  readonly architecture?: lambda.Architecture;
  /** In MB. @default 256 */
  readonly memorySize?: number;
  /** @default 5 minutes */
  readonly timeout?: Duration;

  /**
   * When datasets with a `source:` are fetched, by name: 'rate(1 hour)', 'cron(0 4 * * ? *)' (UTC).
   * @default nothing is fetched
   */
  readonly schedule?: Record<string, string>;
  /** Of the function that fetches. @default 15 minutes, the longest there is */
  readonly fetchTimeout?: Duration;

  /** An existing bucket, which is left as it is. @default one is made */
  readonly bucket?: s3.IBucket;
  /** The name of the bucket that is made. @default CloudFormation's choice */
  readonly bucketName?: string;
  /** Folders in the bucket under which the lake stands. @default the bucket is the lake */
  readonly prefix?: string;
  /** The key that the bucket is encrypted with. @default S3's own keys */
  readonly encryptionKey?: kms.IKey;
  /** Of the bucket and the tables that are made. @default RETAIN */
  readonly removalPolicy?: RemovalPolicy;

  /** @default LakeEvents.EVENT_BRIDGE */
  readonly events?: LakeEvents;
  /** Messages in one invocation. @default 10 */
  readonly batchSize?: number;
  /** Invocations of a function at a time, 2 at least. @default as many as the account allows */
  readonly maxConcurrency?: number;
  /** How often a message is tried before it is given up. @default 5 */
  readonly maxReceiveCount?: number;

  readonly vpc?: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
  /** Of every role that is made. */
  readonly permissionsBoundary?: iam.IManagedPolicy;
  /** @default one month */
  readonly logRetention?: logs.RetentionDays;

  /** The bus that is told `run.committed` of every run. @default nobody is told */
  readonly eventBus?: events.IEventBus;
  /** Where alarms are sent. @default they are only shown */
  readonly alarmTopic?: sns.ITopic;
  /** More rejected rows than this in 5 minutes are an alarm. @default 0 */
  readonly rejectsAlarmThreshold?: number;
}

// The attribute that says when a row expires (docs/dynamodb.md).
const EXPIRES = '_lakegate_expires';

export class DataLake extends Construct {
  readonly bucket: s3.IBucket;
  /** What LAKEGATE_LAKE is: s3://bucket/prefix. */
  readonly lake: string;
  readonly convert: LakegateFunction;
  readonly landings: EventQueue;
  /** Only where lake.yaml serves a dataset from a table. */
  readonly load?: LakegateFunction;
  readonly runs?: EventQueue;
  /** Only where there is a schedule. */
  readonly fetch?: LakegateFunction;
  readonly tables: readonly dynamodb.Table[];
  /** lakegate's own, for datasets of `mode: snapshot`. */
  readonly marks?: dynamodb.Table;
  /** Only where lake.yaml names one. */
  readonly database?: glue.CfnDatabase;
  readonly alarms: readonly cloudwatch.Alarm[];

  private readonly place: LakePlace;

  constructor(scope: Construct, id: string, private readonly props: DataLakeProps) {
    super(scope, id);
    if (props.permissionsBoundary) iam.PermissionsBoundary.of(this).apply(props.permissionsBoundary);
    const config = readLakeConfig({
      file: props.config, environment: props.environment, variables: props.variables});

    const made = props.bucket ? undefined : this.makeBucket();
    this.bucket = props.bucket ?? made!;
    this.place = {bucket: this.bucket, prefix: lakePrefix(props.prefix), key: props.encryptionKey};
    this.lake = this.rootIn(this.bucket.bucketName)!;

    // For the functions as for commands, what the environment says counts.
    const known = this.rootIn(props.bucket?.bucketName ?? props.bucketName);
    if (config.lake !== undefined && config.lake.replace(/\/+$/, '') !== known)
      throw new Error(`${props.config}: environments.${props.environment}.lake is ${config.lake}, and this is ` +
        `${known ?? 'a bucket whose name CloudFormation chooses'}; leave \`lake\` out there, or give ` +
        '`bucketName` or `bucket`, and `prefix`, that say the same');

    const layer = makeConfigLayer(this, 'Config', props.config);
    this.convert = this.makeFunction('Convert', layer, 'landing/ -> curated/');
    this.convert.addPermissions(...convertPermissions(this.place));
    if (props.eventBus) this.announceFrom(this.convert, props.eventBus);
    this.landings = this.makeQueue('Landings', this.convert);
    const sources: [EventQueue, ObjectFilter][] = [[this.landings, {prefix: `${this.place.prefix}landing/`}]];

    this.database = this.makeDatabase(config);
    this.tables = config.tables.map((table) => this.makeTable(table));
    this.marks = config.marksTable === undefined ? undefined : this.makeMarksTable(config.marksTable);
    if (this.tables.length > 0) {
      this.load = this.makeFunction('Load', layer, 'curated/ -> tables');
      this.load.addPermissions(...loadPermissions(this.place, {
        all: this.tables.map((table) => table.tableArn),
        batched: this.tables.filter((_, i) => config.tables[i].batched).map((table) => table.tableArn),
        marks: this.marks?.tableArn,
      }));
      this.runs = this.makeQueue('Runs', this.load);
      // The record of a run, put when all its files are there; never a Parquet file.
      sources.push([this.runs, {prefix: `${this.place.prefix}_lake/runs/`, suffix: '.json'}]);
    }
    this.connect(sources, made);

    const deadLetters = {
      Landings: this.landings.deadLetterQueue, ...(this.runs && {Runs: this.runs.deadLetterQueue})};
    if (Object.keys(props.schedule ?? {}).length > 0) {
      const timeout = props.fetchTimeout ?? Duration.minutes(15);
      this.fetch = this.makeFunction('Fetch', layer, 'an API -> landing/ -> curated/', timeout);
      Object.assign(deadLetters, {Fetch: scheduleFetches(this.fetch, {
        schedule: props.schedule!, sources: config.sources, place: this.place})});
      if (props.eventBus) this.announceFrom(this.fetch, props.eventBus);
    }

    this.alarms = addLakeAlarms(this, {
      deadLetters,
      rejectsThreshold: props.rejectsAlarmThreshold ?? 0,
      topic: props.alarmTopic,
    });
  }

  private rootIn(bucket: string | undefined): string | undefined {
    return bucket && `s3://${bucket}/${this.place.prefix}`.replace(/\/$/, '');
  }

  private makeBucket(): s3.Bucket {
    return makeLakeBucket(this, 'Bucket', {
      bucketName: this.props.bucketName,
      encryptionKey: this.props.encryptionKey,
      removalPolicy: this.props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private announceFrom(stage: LakegateFunction, bus: events.IEventBus): void {
    stage.addPermissions(announcePermissions(bus));
    stage.function.addEnvironment('LAKEGATE_EVENT_BUS', bus.eventBusName);
  }

  private makeFunction(
    id: string, layer: lambda.ILayerVersion, does: string, timeout = this.props.timeout): LakegateFunction {
    const {props} = this;
    return new LakegateFunction(this, id, {
      packagePath: props.packagePath,
      architecture: props.architecture,
      memorySize: props.memorySize,
      timeout,
      description: `lakegate: ${does}`,
      layers: [layer],
      environment: {
        ...props.variables,
        LAKEGATE_LAKE: this.lake,
        LAKEGATE_CONFIG: CONFIG_PATH,
        ...(props.environment !== undefined && {LAKEGATE_ENV: props.environment}),
      },
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      logRetention: props.logRetention,
    });
  }

  private makeQueue(id: string, consumer: LakegateFunction): EventQueue {
    const {batchSize, maxConcurrency, maxReceiveCount} = this.props;
    return new EventQueue(this, id, {consumer, batchSize, maxConcurrency, maxReceiveCount});
  }

  private makeDatabase(config: LakeConfig): glue.CfnDatabase | undefined {
    if (!config.glueDatabase) return undefined;
    this.convert.addPermissions(catalogPermissions(config.glueDatabase));
    return new glue.CfnDatabase(this, 'Database', {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: {name: config.glueDatabase, description: `lakegate: ${this.lake}`},
    });
  }

  private makeTable(table: ServedTable): dynamodb.Table {
    const attribute = ({name, type}: KeyAttribute) => ({name, type: type as dynamodb.AttributeType});
    return new dynamodb.Table(this, `Table-${table.name}`, {
      tableName: table.name,
      partitionKey: attribute(table.partitionKey),
      sortKey: table.sortKey && attribute(table.sortKey),
      timeToLiveAttribute: table.expires ? EXPIRES : undefined,
      ...this.everyTable(),
    });
  }

  private makeMarksTable(tableName: string): dynamodb.Table {
    return new dynamodb.Table(this, 'Marks', {
      tableName,
      partitionKey: {name: 'table', type: dynamodb.AttributeType.STRING},
      sortKey: {name: 'source', type: dynamodb.AttributeType.STRING},
      ...this.everyTable(),
    });
  }

  private everyTable() {
    return {
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: {pointInTimeRecoveryEnabled: true},
      removalPolicy: this.props.removalPolicy ?? RemovalPolicy.RETAIN,
    };
  }

  private connect(sources: [EventQueue, ObjectFilter][], made: s3.Bucket | undefined): void {
    if ((this.props.events ?? LakeEvents.EVENT_BRIDGE) === LakeEvents.EVENT_BRIDGE) {
      if (made) setNotifications(made, {eventBridgeConfiguration: {eventBridgeEnabled: true}});
      for (const [queue, filter] of sources) queue.receiveFromEventBridge(this.bucket, filter);
      return;
    }
    if (!made)
      throw new Error(`${this.node.path}: LakeEvents.S3 would replace the notifications of an existing ` +
        'bucket; use LakeEvents.EVENT_BRIDGE, which leaves them alone');
    const policies = sources.map(([queue]) => queue.receiveFromS3());
    const resource = setNotifications(made, {
      queueConfigurations: sources.map(([{queue}, {prefix, suffix}]) => ({
        event: 's3:ObjectCreated:*',
        queue: queue.queueArn,
        filter: {s3Key: {rules: [
          {name: 'prefix', value: prefix},
          ...(suffix ? [{name: 'suffix', value: suffix}] : []),
        ]}},
      })),
    });
    // S3 asks the queue whether it may send before it accepts the configuration.
    for (const policy of policies) resource.addDependency(policy);
  }
}

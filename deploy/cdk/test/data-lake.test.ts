import {RemovalPolicy, aws_ec2 as ec2, aws_iam as iam, aws_kms as kms, aws_s3 as s3} from 'aws-cdk-lib';
import {Duration, aws_events as events, aws_sns as sns} from 'aws-cdk-lib';
import {Match, Template} from 'aws-cdk-lib/assertions';
import {DataLake, LakeEvents} from '../lib';
import {ORDERS, UNSERVED, configFile, newStack, packageFile, templateOf} from './lakes';

const ofType = (template: Template, type: string) => Object.values(template.findResources(type));
const statements = (template: Template, role: RegExp) => Object.entries(template.findResources('AWS::IAM::Policy'))
  .filter(([id]) => role.test(id)).flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement);

describe('the bucket', () => {
  test('is private, encrypted, versioned, and sends its events to EventBridge', () => {
    const template = templateOf();
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true},
        BucketEncryption: {ServerSideEncryptionConfiguration: [
          {ServerSideEncryptionByDefault: {SSEAlgorithm: 'AES256'}}]},
        VersioningConfiguration: {Status: 'Enabled'},
        LifecycleConfiguration: {Rules: [Match.objectLike({
          AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}, Status: 'Enabled'})]},
        NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}},
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {PolicyDocument: {Statement: [
      Match.objectLike({Effect: 'Deny', Action: 's3:*', Condition: {Bool: {'aws:SecureTransport': 'false'}}})]}});
  });

  test('may be encrypted with a key, which the functions may then use', () => {
    const template = templateOf((stack) => ({encryptionKey: new kms.Key(stack, 'Key')}));
    template.hasResourceProperties('AWS::S3::Bucket', {BucketEncryption: {ServerSideEncryptionConfiguration: [
      {BucketKeyEnabled: true, ServerSideEncryptionByDefault: {SSEAlgorithm: 'aws:kms'}}]}});
    for (const role of [/Convert/, /Load/])
      expect(statements(template, role)).toContainEqual(expect.objectContaining({
        Action: ['kms:Decrypt', 'kms:GenerateDataKey']}));
  });

  test('that exists is left as it is', () => {
    const template = templateOf((stack) => ({bucket: s3.Bucket.fromBucketName(stack, 'B', 'ours'), prefix: 'lake'}));
    template.resourceCountIs('AWS::S3::Bucket', 0);
    template.resourceCountIs('AWS::S3::BucketPolicy', 0);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {Variables: {LAKEGATE_LAKE: 's3://ours/lake'}}});
  });

  test('that exists cannot have its notifications replaced', () => {
    expect(() => templateOf((stack) => ({
      bucket: s3.Bucket.fromBucketName(stack, 'B', 'ours'), events: LakeEvents.S3})))
      .toThrow(/would replace the notifications/);
  });
});

describe('no function but lakegate\'s own', () => {
  test.each([LakeEvents.EVENT_BRIDGE, LakeEvents.S3])('with events through %s', (events) => {
    const template = templateOf(() => ({events, removalPolicy: RemovalPolicy.DESTROY}));
    template.resourceCountIs('AWS::Lambda::Function', 2);
    const types = Object.values(template.toJSON().Resources as Record<string, {Type: string}>).map((r) => r.Type);
    expect(types.filter((type) => type.startsWith('Custom::') || type.includes('CustomResource'))).toEqual([]);
    for (const f of ofType(template, 'AWS::Lambda::Function')) expect(f.Properties.Runtime).toBe('provided.al2023');
  });
});

describe('events', () => {
  test('what lands goes to convert, the record of a run to load, and no Parquet file to either', () => {
    const rules = ofType(templateOf(() => ({prefix: 'lake'})), 'AWS::Events::Rule')
      .map((rule) => rule.Properties.EventPattern);
    expect(rules.map((pattern) => pattern.detail.object.key)).toEqual([
      [{prefix: 'lake/landing/'}], [{wildcard: 'lake/_lake/runs/*.json'}]]);
    for (const pattern of rules)
      expect(pattern).toMatchObject({source: ['aws.s3'], 'detail-type': ['Object Created']});
  });

  test('S3 may send by itself, and asks the queues before the bucket is made', () => {
    const template = templateOf(() => ({events: LakeEvents.S3}));
    template.resourceCountIs('AWS::Events::Rule', 0);
    const [bucket] = ofType(template, 'AWS::S3::Bucket');
    const configurations = bucket.Properties.NotificationConfiguration.QueueConfigurations;
    expect(configurations.map((c: {Filter: unknown}) => c.Filter)).toEqual([
      {S3Key: {Rules: [{Name: 'prefix', Value: 'landing/'}]}},
      {S3Key: {Rules: [{Name: 'prefix', Value: '_lake/runs/'}, {Name: 'suffix', Value: '.json'}]}}]);
    const policies = Object.keys(template.findResources('AWS::SQS::QueuePolicy')).filter((id) => !/DeadLetters/.test(id));
    expect(bucket.DependsOn).toEqual(expect.arrayContaining(policies));
    expect(policies).toHaveLength(2);
  });

  test('a message is tried five times, each failure for itself, and then kept for 14 days', () => {
    const template = templateOf(() => ({timeout: Duration.minutes(2)}));
    template.resourcePropertiesCountIs('AWS::SQS::Queue', {
      VisibilityTimeout: 720, RedrivePolicy: {maxReceiveCount: 5}}, 2);
    template.resourcePropertiesCountIs('AWS::SQS::Queue', {
      RedrivePolicy: Match.absent(), MessageRetentionPeriod: 1209600}, 2);
    template.resourcePropertiesCountIs('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'], BatchSize: 10}, 2);
  });

  test('invocations at a time may be limited', () => {
    templateOf(() => ({maxConcurrency: 20, batchSize: 1, maxReceiveCount: 3}))
      .allResourcesProperties('AWS::Lambda::EventSourceMapping', {
        BatchSize: 1, ScalingConfig: {MaximumConcurrency: 20}});
  });
});

describe('functions', () => {
  test('find lake.yaml in a layer, and the lake by its name', () => {
    const template = templateOf(() => ({bucketName: 'lake-of-ours', variables: {TEAM: 'ops'}}));
    template.resourceCountIs('AWS::Lambda::LayerVersion', 1);
    template.allResourcesProperties('AWS::Lambda::Function', {
      Layers: [Match.anyValue()],
      Environment: {Variables: {LAKEGATE_CONFIG: '/opt/lake.yaml', LAKEGATE_LAKE: Match.anyValue(), TEAM: 'ops'}}});
  });

  test('the layer is new when lake.yaml is, and only then', () => {
    const layer = (yaml: string) => ofType(templateOf(() => ({}), yaml), 'AWS::Lambda::LayerVersion')[0].Properties;
    expect(layer(ORDERS)).toEqual(layer(ORDERS));
    expect(layer(ORDERS)).not.toEqual(layer(`${ORDERS}# changed\n`));
  });

  test('there is no load function where nothing is served', () => {
    const template = templateOf(() => ({}), UNSERVED);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.resourceCountIs('AWS::DynamoDB::Table', 0);
    template.resourceCountIs('AWS::Events::Rule', 1);
  });

  test('join a network', () => {
    templateOf((stack) => ({vpc: new ec2.Vpc(stack, 'Net', {maxAzs: 2})}))
      .allResourcesProperties('AWS::Lambda::Function', {VpcConfig: Match.objectLike({SubnetIds: Match.anyValue()})});
  });
});

describe('an environment that says where the lake is', () => {
  const yaml = `${ORDERS}environments:\n  prod: {lake: "s3://ours/lake/"}\n`;
  test('may say the same', () => {
    templateOf(() => ({environment: 'prod', bucketName: 'ours', prefix: 'lake'}), yaml)
      .allResourcesProperties('AWS::Lambda::Function', {
        Environment: {Variables: Match.objectLike({LAKEGATE_ENV: 'prod'})}});
  });
  test('must not say something else', () => {
    expect(() => templateOf(() => ({environment: 'prod', bucketName: 'ours'}), yaml))
      .toThrow(/environments\.prod\.lake is s3:\/\/ours\/lake\/, and this is s3:\/\/ours;/);
    expect(() => templateOf(() => ({environment: 'prod', prefix: 'lake'}), yaml))
      .toThrow(/a bucket whose name CloudFormation chooses/);
  });
});

describe('rights', () => {
  const template = () => templateOf((stack) => ({
    bucket: s3.Bucket.fromBucketName(stack, 'B', 'ours'), prefix: '/team/lake/'}));

  test('reach no further than the lake', () => {
    for (const statement of statements(template(), /Convert|Load/)) {
      for (const action of [statement.Action].flat()) expect(action).not.toMatch(/\*/);
      const resources = JSON.stringify(statement.Resource);
      if ([statement.Action].flat().some((a: string) => /^s3:.*Object|Multipart/.test(a)))
        for (const resource of [statement.Resource].flat())
          expect(JSON.stringify(resource)).toMatch(/:s3:::ours\/team\/lake\/[a-z_/]+(\/\*|index\.json)"/);
      expect(resources).not.toBe('"*"');
    }
  });

  test('to list end at the prefix', () => {
    for (const role of [/Convert/, /Load/])
      expect(statements(template(), role)).toContainEqual(expect.objectContaining({
        Action: 's3:ListBucket', Condition: {StringLikeIfExists: {'s3:prefix': 'team/lake/*'}}}));
  });

  test('convert changes no landed file and touches no table', () => {
    const convert = statements(template(), /Convert/);
    const landing = convert.filter((s) => JSON.stringify(s.Resource).includes('landing/'));
    expect(landing.map((s) => s.Action)).toEqual([['s3:GetObject', 's3:GetObjectVersion']]);
    expect(JSON.stringify(convert)).not.toContain('dynamodb:');
  });

  test('load changes nothing in the lake but its own records', () => {
    const writing = statements(template(), /Load/).filter((s) => /PutObject|DeleteObject/.test(JSON.stringify(s.Action)));
    expect(writing).toHaveLength(1);
    expect(JSON.stringify(writing[0].Resource)).toContain('/team/lake/_lake/loads/*');
  });

  test('end at the permissions boundary', () => {
    templateOf((stack) => ({
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(stack, 'Edge', 'edge')}))
      .allResourcesProperties('AWS::IAM::Role', {PermissionsBoundary: Match.anyValue()});
  });

  test.each(['a*', '../x', 'a//b', '${x}'])('a prefix like %s is refused', (prefix) => {
    expect(() => templateOf(() => ({prefix}))).toThrow(/prefix/);
  });
});

describe('tables', () => {
  test('are on demand, can be restored, and stay', () => {
    templateOf().hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: {
        TableName: 'Orders', BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{AttributeName: 'id', KeyType: 'HASH'}],
        AttributeDefinitions: [{AttributeName: 'id', AttributeType: 'N'}],
        PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true},
      },
    });
  });

  test('of snapshots have one beside them that only load may change', () => {
    const template = templateOf(() => ({}), ORDERS.replace('landing:', 'mode: snapshot\n    landing:'));
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      TableName: 'lakegate_sources',
      KeySchema: [{AttributeName: 'table', KeyType: 'HASH'}, {AttributeName: 'source', KeyType: 'RANGE'}]});
    expect(statements(template, /Load/)).toContainEqual(expect.objectContaining({
      Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']}));
    templateOf().resourceCountIs('AWS::DynamoDB::Table', 1);
  });

  test('are written in batches only where lake.yaml says so, and expire only then', () => {
    const plain = templateOf();
    expect(JSON.stringify(statements(plain, /Load/))).not.toContain('BatchWriteItem');
    expect(JSON.stringify(plain.toJSON())).not.toContain('_lakegate_expires');
    const chosen = templateOf(() => ({}), ORDERS.replace('key: [id]', 'key: [id], write: upsert, ttl: id'));
    expect(JSON.stringify(statements(chosen, /Load/))).toContain('BatchWriteItem');
    chosen.hasResourceProperties('AWS::DynamoDB::Table', {
      TimeToLiveSpecification: {AttributeName: '_lakegate_expires', Enabled: true}});
  });

  test('an undeclared key fails the synth and names field and file', () => {
    expect(() => templateOf(() => ({}), ORDERS.replace('{name: id, type: int64}', '')))
      .toThrow(/lake\.yaml:5:\d+: datasets\.orders\.serve\.key: the type of id is not declared/);
  });

  test('of an environment have its prefix, and the functions know which it is', () => {
    const template = templateOf(() => ({environment: 'prod'}),
      `${ORDERS}environments:\n  prod: {table_prefix: prod_}\n`);
    template.hasResourceProperties('AWS::DynamoDB::Table', {TableName: 'prod_Orders'});
    template.allResourcesProperties('AWS::Lambda::Function', {Environment: {Variables: Match.objectLike({
      LAKEGATE_ENV: 'prod'})}});
  });
});

describe('the catalog', () => {
  test('is the database that lake.yaml names, and convert may register in it alone', () => {
    const template = templateOf(() => ({}), `${ORDERS}catalog: {glue: {database: lake_db}}\n`);
    template.hasResourceProperties('AWS::Glue::Database', {DatabaseInput: {Name: 'lake_db'}});
    const glue = statements(template, /Convert/).filter((s) => JSON.stringify(s.Action).includes('glue:'));
    expect(glue).toHaveLength(1);
    expect(JSON.stringify(glue[0].Resource)).toContain('table/lake_db/*');
    expect(JSON.stringify(statements(template, /Load/))).not.toContain('glue:');
  });
  test('is not there unless it is asked for', () => templateOf().resourceCountIs('AWS::Glue::Database', 0));
});

test('others are told of runs where there is a bus', () => {
  const template = templateOf((stack) => ({eventBus: new events.EventBus(stack, 'Bus')}));
  template.resourcePropertiesCountIs('AWS::Lambda::Function', {
    Environment: {Variables: {LAKEGATE_EVENT_BUS: Match.anyValue()}}}, 1);
  expect(JSON.stringify(statements(template, /Convert/))).toContain('events:PutEvents');
  expect(JSON.stringify(statements(templateOf(), /Convert/))).not.toContain('events:PutEvents');
});

describe('alarms', () => {
  test('tell of dead letters and of rejects', () => {
    const template = templateOf((stack) => ({alarmTopic: new sns.Topic(stack, 'Ops'), rejectsAlarmThreshold: 7}));
    template.resourcePropertiesCountIs('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible', Threshold: 0, ComparisonOperator: 'GreaterThanThreshold'}, 2);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'lakegate', MetricName: 'rows_rejected', Dimensions: Match.absent(), Statistic: 'Sum', Threshold: 7});
    template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [Match.anyValue()], TreatMissingData: 'notBreaching'});
  });
});

test('two lakes fit into one stack', () => {
  const stack = newStack();
  const props = {config: configFile(UNSERVED), packagePath: packageFile()};
  new DataLake(stack, 'Raw', props);
  new DataLake(stack, 'Refined', props);
  Template.fromStack(stack).resourceCountIs('AWS::S3::Bucket', 2);
});

describe('schedules', () => {
  const FACTORY = `datasets:
  factory:
    source:
      url: https://api.example.com/{device}
      for_each: {device: {file: reference/devices.csv, column: id}}
      auth: {bearer: {secretsmanager: factory}, header: {X-Site: {ssm: /site}}}
`;
  const scheduled = () => templateOf(() => ({schedule: {factory: 'rate(1 hour)'}, prefix: 'lake'}), FACTORY);

  test('start a function of their own with the scheduled time', () => {
    const template = scheduled();
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 hour)',
      Targets: [Match.objectLike({
        InputTransformer: {
          InputPathsMap: {time: '$.time'}, InputTemplate: '{"fetch":"factory","time":<time>}'},
        DeadLetterConfig: Match.anyValue(),
      })],
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'lakegate: an API -> landing/ -> curated/', Timeout: 900});
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {MaximumRetryAttempts: 2});
  });

  test('may change nothing but the dataset\'s own part of the lake, and read what its source names', () => {
    const allowed = statements(scheduled(), /Fetch/);
    const text = JSON.stringify(allowed);
    for (const wanted of ['lake/landing/factory/*', 'lake/_lake/fetches/factory/*', 'lake/curated/factory/*',
      'lake/_lake/schemas/factory.json', 'lake/reference/devices.csv', 'secret:factory-??????', 'parameter/site'])
      expect(text).toContain(wanted);
    expect(text).not.toContain('lake/landing/*');
    const writes = allowed.filter((s) => [s.Action].flat().includes('s3:PutObject'));
    for (const each of writes) for (const on of [each.Resource].flat()) expect(JSON.stringify(on)).toContain('factory');
    expect(allowed).toContainEqual(expect.objectContaining({Sid: 'Continue', Action: 'lambda:InvokeFunction'}));
  });

  test('are for datasets with a source', () => {
    expect(() => templateOf(() => ({schedule: {orders: 'rate(1 hour)'}}))).toThrow(/no dataset orders with a source/);
  });

  test('without one nothing is fetched', () => {
    templateOf(() => ({}), FACTORY).resourceCountIs('AWS::Lambda::Function', 1);
  });
});

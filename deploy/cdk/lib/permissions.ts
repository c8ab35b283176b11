// What the functions may do, and nothing else. The lists follow the calls that the functions were
// seen to make; tests/deploy/ holds the two against each other. deploy/terraform/policies.tf is the
// same in HCL, and a test compares them.
import {Aws, aws_iam as iam} from 'aws-cdk-lib';
import type {aws_events as events, aws_kms as kms, aws_s3 as s3, aws_sqs as sqs} from 'aws-cdk-lib';
import type {SourceAccess} from './lake-config';

/** A bucket and the prefix under which the lake stands: "" or "lake/". */
export interface LakePlace {
  readonly bucket: s3.IBucket;
  readonly prefix: string;
  readonly key?: kms.IKey;
}

type Actions = readonly string[];
const READ: Actions = ['s3:GetObject'];
const WRITE: Actions = ['s3:PutObject'];
const READ_WRITE: Actions = [...READ, ...WRITE];
const REPLACE: Actions = [...READ_WRITE, 's3:DeleteObject'];
// Large objects are written in parts, which are given up where the work fails.
const UPLOAD: Actions = [...REPLACE, 's3:AbortMultipartUpload'];

export function allow(sid: string, actions: Actions, resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({sid, actions: [...actions], resources});
}

function objects(place: LakePlace, ...folders: string[]): string[] {
  return folders.map((folder) => place.bucket.arnForObjects(`${place.prefix}${folder}/*`));
}

// Without ListBucket S3 answers 403 for an object that is not there, where 404 is what decides. That
// question has no s3:prefix, hence "IfExists".
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
function list(place: LakePlace): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'ListLake',
    actions: ['s3:ListBucket'],
    resources: [place.bucket.bucketArn],
    ...(place.prefix && {conditions: {StringLikeIfExists: {'s3:prefix': `${place.prefix}*`}}}),
  });
}

// A backlog is listed with versions, which are part of what an arrival is.
function listVersions(place: LakePlace): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'ListLandedVersions',
    actions: ['s3:ListBucketVersions'],
    resources: [place.bucket.bucketArn],
    conditions: {StringLike: {'s3:prefix': `${place.prefix}landing/*`}},
  });
}

function useKey(place: LakePlace): iam.PolicyStatement[] {
  if (!place.key) return [];
  return [allow('UseKey', ['kms:Decrypt', 'kms:GenerateDataKey'], [place.key.keyArn])];
}

/** landing/ -> curated/ and rejected/, with the records of doing so. */
export function convertPermissions(place: LakePlace): iam.PolicyStatement[] {
  return [
    list(place),
    listVersions(place),
    allow('ReadLanded', [...READ, 's3:GetObjectVersion'], objects(place, 'landing')),
    // Whether an upload was completed whose reply was lost.
    allow('ReadOutputVersions', ['s3:GetObjectVersion'], objects(place, 'curated', 'rejected', '_lake/failures')),
    allow('WriteOutputs', UPLOAD, objects(place, 'curated', 'rejected')),
    allow('WriteRecords', READ_WRITE, objects(place, '_lake/claims', '_lake/runs', '_lake/schemas')),
    allow('MarkRewrites', ['s3:DeleteObject', ...WRITE], objects(place, '_lake/rewrites')),
    allow('RecordFailures', UPLOAD, objects(place, '_lake/failures')),
    ...useKey(place),
  ];
}

/** An API -> landing/ -> curated/, of some datasets alone. */
export function fetchPermissions(place: LakePlace, sources: readonly SourceAccess[]): iam.PolicyStatement[] {
  const of = (...folders: string[]) =>
    sources.flatMap(({dataset}) => objects(place, ...folders.map((folder) => `${folder}/${dataset}`)));
  const removed = sources.filter((source) => source.removesReplies);
  const files = [...new Set(sources.flatMap((source) => source.files))].sort();
  const secrets = [...new Set(sources.flatMap(secretArns))].sort();
  const parameters = [...new Set(sources.flatMap(parameterArns))].sort();
  const all = [
    list(place),
    allow('LandReplies', [...READ_WRITE, 's3:AbortMultipartUpload', 's3:GetObjectVersion'], of('landing')),
    allow('RecordFetches', [...READ_WRITE, 's3:AbortMultipartUpload', 's3:GetObjectVersion'], of('_lake/fetches')),
    allow('ReadOutputVersions', ['s3:GetObjectVersion'], of('curated', 'rejected', '_lake/failures')),
    allow('WriteOutputs', UPLOAD, of('curated', 'rejected')),
    allow('WriteRecords', READ_WRITE, [
      ...of('_lake/claims', '_lake/runs'),
      ...sources.map(({dataset}) => place.bucket.arnForObjects(`${place.prefix}_lake/schemas/${dataset}.json`))]),
    allow('MarkRewrites', ['s3:DeleteObject', ...WRITE], of('_lake/rewrites')),
    allow('RecordFailures', UPLOAD, of('_lake/failures')),
    ...useKey(place),
  ];
  if (removed.length > 0)
    all.push(allow('RemoveReplies', ['s3:DeleteObject'],
      removed.flatMap(({dataset}) => objects(place, `landing/${dataset}`))));
  if (files.length > 0)
    all.push(allow('ReadParameters', [...READ, 's3:GetObjectVersion'],
      files.map((file) => place.bucket.arnForObjects(place.prefix + file))));
  if (secrets.length > 0) all.push(allow('ReadSecrets', ['secretsmanager:GetSecretValue'], secrets));
  if (parameters.length > 0) all.push(allow('ReadSecureParameters', ['ssm:GetParameter'], parameters));
  return all;
}

const here = (service: string, rest: string) =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${rest}`;

// Secrets Manager puts a hyphen and six characters behind a name.
function secretArns(source: SourceAccess): string[] {
  return source.secrets.map((name) =>
    name.startsWith('arn:') ? name : here('secretsmanager', `secret:${name}-??????`));
}

function parameterArns(source: SourceAccess): string[] {
  return source.parameters.map((name) =>
    name.startsWith('arn:') ? name : here('ssm', `parameter/${name.replace(/^\//, '')}`));
}

/** What is written, and how (docs/dynamodb.md). */
export interface TableArns {
  readonly all: string[];
  readonly batched: string[];
  readonly marks?: string;
}

/** curated/ -> tables. */
export function loadPermissions(place: LakePlace, tables: TableArns): iam.PolicyStatement[] {
  return [
    list(place),
    allow('ReadCurated', [...READ, 's3:GetObjectVersion'], objects(place, 'curated')),
    allow('ReadRecords', READ, objects(place, '_lake/runs', '_lake/schemas')),
    allow('RecordLoads', REPLACE, objects(place, '_lake/loads')),
    allow('WriteTables', [
      'dynamodb:DeleteItem',
      'dynamodb:DescribeTable',
      'dynamodb:PutItem',
      'dynamodb:Scan',
    ], tables.all),
    ...(tables.batched.length > 0
      ? [allow('WriteBatches', ['dynamodb:BatchWriteItem'], tables.batched)] : []),
    ...(tables.marks
      ? [allow('MarkSources', ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [tables.marks])]
      : []),
    ...useKey(place),
  ];
}

/** Tables and partitions of one database, registered at commit. */
export function catalogPermissions(database: string): iam.PolicyStatement {
  const arn = (rest: string) => `arn:${Aws.PARTITION}:glue:${Aws.REGION}:${Aws.ACCOUNT_ID}:${rest}`;
  return allow('RegisterInCatalog', [
    'glue:BatchCreatePartition',
    'glue:BatchGetPartition',
    'glue:BatchUpdatePartition',
    'glue:CreateTable',
    'glue:GetTable',
    'glue:UpdateTable',
  ], [arn('catalog'), arn(`database/${database}`), arn(`table/${database}/*`)]);
}

/** Telling of committed runs. */
export function announcePermissions(bus: events.IEventBus): iam.PolicyStatement {
  return allow('AnnounceRuns', ['events:PutEvents'], [bus.eventBusArn]);
}

/** What Lambda needs of a queue to feed a function from it. */
export function consumePermissions(queue: sqs.IQueue): iam.PolicyStatement {
  return allow('ConsumeQueue', ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
    [queue.queueArn]);
}

// The lake's bucket, or the place in one that exists.
import {Duration, RemovalPolicy, aws_s3 as s3} from 'aws-cdk-lib';
import type {aws_kms as kms} from 'aws-cdk-lib';
import type {Construct} from 'constructs';

export interface LakeBucketProps {
  readonly bucketName?: string;
  readonly encryptionKey?: kms.IKey;
  readonly removalPolicy: RemovalPolicy;
}

export function makeLakeBucket(scope: Construct, id: string, props: LakeBucketProps): s3.Bucket {
  return new s3.Bucket(scope, id, {
    bucketName: props.bucketName,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    encryption: props.encryptionKey ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
    encryptionKey: props.encryptionKey,
    bucketKeyEnabled: props.encryptionKey ? true : undefined,
    versioned: true,
    lifecycleRules: [{id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7)}],
    removalPolicy: props.removalPolicy,
  });
}

// Set on the resource itself: the CDK's own `eventBridgeEnabled` and `addEventNotification` bring a
// custom resource with a Lambda function of its own.
export function setNotifications(
  bucket: s3.Bucket, notifications: s3.CfnBucket.NotificationConfigurationProperty): s3.CfnBucket {
  const resource = bucket.node.defaultChild as s3.CfnBucket;
  resource.notificationConfiguration = notifications;
  return resource;
}

/** "" or "a/b/", from what people write: "a/b", "/a/b/". */
export function lakePrefix(prefix: string | undefined): string {
  const bare = (prefix ?? '').replace(/^\/+|\/+$/g, '');
  if (/[*?$]|\/\/|(^|\/)\.{1,2}(\/|$)/.test(bare))
    throw new Error(`prefix "${prefix}": write the folders of the lake in the bucket, such as lake or team/lake`);
  return bare && `${bare}/`;
}

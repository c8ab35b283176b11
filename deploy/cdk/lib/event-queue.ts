// The queue between objects that appear in the lake and the function that sees to them: every
// message is tried several times, failed ones end in the dead-letter queue.
import {Aws, Duration, aws_events as events, aws_iam as iam} from 'aws-cdk-lib';
import {aws_lambda as lambda, aws_sqs as sqs} from 'aws-cdk-lib';
import type {aws_s3 as s3} from 'aws-cdk-lib';
import {Construct} from 'constructs';
import type {LakegateFunction} from './lakegate-function';
import {consumePermissions} from './permissions';

/** Which created objects a queue is about. */
export interface ObjectFilter {
  readonly prefix: string;
  readonly suffix?: string;
}

export interface EventQueueProps {
  readonly consumer: LakegateFunction;
  /** Messages in one invocation. @default 10 */
  readonly batchSize?: number;
  /** Invocations at a time, 2 at least. @default as many as the account allows */
  readonly maxConcurrency?: number;
  /** How often a message is tried before it goes to the dead-letter queue. @default 5 */
  readonly maxReceiveCount?: number;
}

export class EventQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetterQueue: sqs.Queue;

  constructor(scope: Construct, id: string, props: EventQueueProps) {
    super(scope, id);
    this.deadLetterQueue = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new sqs.Queue(this, 'Queue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * props.consumer.timeout.toSeconds()),
      deadLetterQueue: {queue: this.deadLetterQueue, maxReceiveCount: props.maxReceiveCount ?? 5},
    });
    props.consumer.addPermissions(consumePermissions(this.queue));
    new lambda.EventSourceMapping(this, 'Mapping', {
      target: props.consumer.function,
      eventSourceArn: this.queue.queueArn,
      batchSize: props.batchSize ?? 10,
      maxConcurrency: props.maxConcurrency,
      reportBatchItemFailures: true,
    });
  }

  /** EventBridge's "Object Created": leaves the bucket's own notifications alone. */
  receiveFromEventBridge(bucket: s3.IBucket, filter: ObjectFilter): void {
    const rule = new events.Rule(this, 'Rule', {
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: {name: [bucket.bucketName]},
          object: {
            key: [filter.suffix ? {wildcard: `${filter.prefix}*${filter.suffix}`} : {prefix: filter.prefix}],
          },
        },
      },
      targets: [{bind: () => ({id: '', arn: this.queue.queueArn})}],
    });
    this.allowToSend('events.amazonaws.com', {ArnEquals: {'aws:SourceArn': rule.ruleArn}});
  }

  /** Lets S3 itself send. The bucket is known by its account alone: its name may depend on this. */
  receiveFromS3(): sqs.CfnQueuePolicy {
    this.allowToSend('s3.amazonaws.com', {
      ArnLike: {'aws:SourceArn': `arn:${Aws.PARTITION}:s3:::*`},
      StringEquals: {'aws:SourceAccount': Aws.ACCOUNT_ID},
    });
    return this.queue.node.findChild('Policy').node.defaultChild as sqs.CfnQueuePolicy;
  }

  private allowToSend(service: string, conditions: iam.Conditions): void {
    this.queue.addToResourcePolicy(new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(service)],
      actions: ['sqs:SendMessage'],
      resources: [this.queue.queueArn],
      conditions,
    }));
  }
}

// The function that asks APIs: started by schedules, tried again by Lambda, and started by itself
// where one invocation is not enough (docs/fetch.md). What fails for good is in its dead-letter queue.
import {Duration, aws_events as events, aws_iam as iam, aws_lambda as lambda, aws_sqs as sqs} from 'aws-cdk-lib';
import type {SourceAccess} from './lake-config';
import type {LakegateFunction} from './lakegate-function';
import {allow, fetchPermissions} from './permissions';
import type {LakePlace} from './permissions';

export interface ScheduledFetchProps {
  /** When a dataset is fetched: 'rate(1 hour)' or 'cron(0 4 * * ? *)', by its name. */
  readonly schedule: Readonly<Record<string, string>>;
  /** What the sources of lake.yaml read and which secrets they name. */
  readonly sources: readonly SourceAccess[];
  readonly place: LakePlace;
}

/** Gives `fetch` its schedules and rights; its dead-letter queue. */
export function scheduleFetches(fetch: LakegateFunction, props: ScheduledFetchProps): sqs.Queue {
  const scheduled = Object.keys(props.schedule).sort();
  const sources = scheduled.map((dataset) => {
    const source = props.sources.find((known) => known.dataset === dataset);
    if (!source)
      throw new Error(`schedule: lake.yaml has no dataset ${dataset} with a source: (it has: ` +
        `${props.sources.map((known) => known.dataset).join(', ') || 'none'})`);
    return source;
  });

  const deadLetters = new sqs.Queue(fetch, 'DeadLetters', {
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  fetch.addPermissions(
    ...fetchPermissions(props.place, sources),
    allow('GiveUp', ['sqs:SendMessage'], [deadLetters.queueArn]));
  // A policy of its own: the function must not wait for a policy that names it.
  new iam.Policy(fetch, 'Continue', {
    roles: [fetch.role],
    statements: [allow('Continue', ['lambda:InvokeFunction'], [fetch.function.functionArn])],
  });
  new lambda.CfnEventInvokeConfig(fetch, 'Retries', {
    functionName: fetch.function.functionName,
    qualifier: '$LATEST',
    maximumRetryAttempts: 2,
    destinationConfig: {onFailure: {destination: deadLetters.queueArn}},
  });

  const rules = scheduled.map((dataset) => {
    const rule = new events.Rule(fetch, `Schedule-${dataset}`, {
      description: `lakegate: fetch ${dataset}`,
      schedule: events.Schedule.expression(props.schedule[dataset]),
      targets: [{bind: () => ({
        id: '',
        arn: fetch.function.functionArn,
        deadLetterConfig: {arn: deadLetters.queueArn},
        // The time that was scheduled, not the clock's: a repetition means the same fetch.
        input: events.RuleTargetInput.fromObject({fetch: dataset, time: events.EventField.time}),
      })}],
    });
    new lambda.CfnPermission(fetch, `Start-${dataset}`, {
      action: 'lambda:InvokeFunction',
      functionName: fetch.function.functionName,
      principal: 'events.amazonaws.com',
      sourceArn: rule.ruleArn,
    });
    return rule;
  });
  deadLetters.addToResourcePolicy(new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('events.amazonaws.com')],
    actions: ['sqs:SendMessage'],
    resources: [deadLetters.queueArn],
    conditions: {ArnEquals: {'aws:SourceArn': rules.map((rule) => rule.ruleArn)}},
  }));
  return deadLetters;
}

// What somebody should be woken for.
import {Duration, aws_cloudwatch as cloudwatch, aws_cloudwatch_actions as actions} from 'aws-cdk-lib';
import type {aws_sns as sns, aws_sqs as sqs} from 'aws-cdk-lib';
import type {Construct} from 'constructs';

// What functions write as Embedded Metric Format: each metric with the dimension `dataset`, and
// once without any, the sum over all datasets.
export const METRIC_NAMESPACE = 'lakegate';
export const REJECTS_METRIC = 'rows_rejected';

export interface LakeAlarmsProps {
  readonly deadLetters: Readonly<Record<string, sqs.IQueue>>;
  readonly rejectsThreshold: number;
  readonly topic?: sns.ITopic;
}

export function addLakeAlarms(scope: Construct, props: LakeAlarmsProps): cloudwatch.Alarm[] {
  const alarms = Object.entries(props.deadLetters).map(([name, queue]) =>
    new cloudwatch.Alarm(scope, `${name}DeadLetterAlarm`, {
      alarmDescription: `lakegate: messages that could not be processed are in ${name}'s dead-letter queue`,
      metric: queue.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5), statistic: 'Maximum'}),
      threshold: 0,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    }));
  alarms.push(new cloudwatch.Alarm(scope, 'RejectsAlarm', {
    alarmDescription: 'lakegate: rows were rejected; `lakegate rejects DATASET` says which and why',
    metric: new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE, metricName: REJECTS_METRIC, period: Duration.minutes(5), statistic: 'Sum'}),
    threshold: props.rejectsThreshold,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  }));
  if (props.topic) for (const alarm of alarms) alarm.addAlarmAction(new actions.SnsAction(props.topic));
  return alarms;
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each            = local.functions
  alarm_name          = "${var.name}-${each.key}-dead-letters"
  alarm_description   = "lakegate: messages that could not be processed are in the dead-letter queue of ${each.key}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[each.key].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = compact([var.alarm_topic_arn])
}

# The sum over all datasets: the metric that functions write without any dimension.
resource "aws_cloudwatch_metric_alarm" "rejects" {
  alarm_name          = "${var.name}-rejects"
  alarm_description   = "lakegate: rows were rejected; `lakegate rejects DATASET` says which and why"
  namespace           = "lakegate"
  metric_name         = "rows_rejected"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.rejects_alarm_threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = compact([var.alarm_topic_arn])
}

# From objects that appear in the lake to the functions: every message is tried several times, failed
# ones end in the dead-letter queue.

resource "aws_sqs_queue" "dead_letters" {
  for_each                  = local.functions
  name                      = "${var.name}-${each.key}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "events" {
  for_each                  = local.stages
  name                      = "${var.name}-${each.key}"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibility_timeout_seconds = 6 * var.timeout
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  for_each  = local.functions
  queue_url = aws_sqs_queue.dead_letters[each.key].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [merge(local.tls_only, { Resource = aws_sqs_queue.dead_letters[each.key].arn })],
      # What a schedule could not give to the function.
      [for _ in slice(["fetch"], 0, each.key == "fetch" ? 1 : 0) : {
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = [for name in sort(keys(var.schedule)) : aws_cloudwatch_event_rule.schedule[name].arn] } }
      }],
    )
  })
}

locals {
  tls_only = {
    Effect    = "Deny"
    Principal = { AWS = "*" }
    Action    = "sqs:*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }
}

resource "aws_sqs_queue_policy" "events" {
  for_each  = local.stages
  queue_url = aws_sqs_queue.events[each.key].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [merge(local.tls_only, { Resource = aws_sqs_queue.events[each.key].arn })],
      [for rule in compact([try(aws_cloudwatch_event_rule.created[each.key].arn, "")]) : {
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = rule } }
      }],
      # The bucket is known by its account alone: it asks the queue before it takes its notifications.
      [for _ in slice(["s3"], 0, var.events == "s3" ? 1 : 0) : {
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events[each.key].arn
        Condition = {
          ArnLike      = { "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:s3:::*" }
          StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
        }
      }],
    )
  })
  lifecycle {
    precondition {
      condition     = var.events == "eventbridge" || var.bucket == null
      error_message = "events = \"s3\" would replace the notifications of an existing bucket; use \"eventbridge\", which leaves them alone."
    }
  }
}

resource "aws_cloudwatch_event_rule" "created" {
  for_each = { for name, stage in local.stages : name => stage if var.events == "eventbridge" }
  name     = "${var.name}-${each.key}"
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail = {
      bucket = { name = [local.bucket] }
      object = { key = [each.value.key_pattern] }
    }
  })
}

resource "aws_cloudwatch_event_target" "created" {
  for_each = aws_cloudwatch_event_rule.created
  rule     = each.value.name
  arn      = aws_sqs_queue.events[each.key].arn
}

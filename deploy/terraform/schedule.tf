# The function that asks APIs: started by schedules, tried again by Lambda, and started by itself where
# one invocation is not enough. What fails for good is in its dead-letter queue.

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each            = var.schedule
  name                = "${var.name}-fetch-${each.key}"
  description         = "lakegate: fetch ${each.key}"
  schedule_expression = each.value
  lifecycle {
    precondition {
      condition     = contains(keys(local.sources), each.key)
      error_message = "schedule: lake.yaml has no dataset ${each.key} with a source: (it has: ${length(local.sources) > 0 ? join(", ", keys(local.sources)) : "none"})."
    }
  }
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = var.schedule
  rule     = aws_cloudwatch_event_rule.schedule[each.key].name
  arn      = aws_lambda_function.stage["fetch"].arn
  # The time that was scheduled, not the clock's: a repetition means the same fetch.
  input_transformer {
    input_paths    = { time = "$.time" }
    input_template = "{\"fetch\":\"${each.key}\",\"time\":<time>}"
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters["fetch"].arn
  }
}

resource "aws_lambda_permission" "schedule" {
  for_each      = var.schedule
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.stage["fetch"].arn
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule[each.key].arn
}

# A policy of its own: the function must not wait for a policy that names it.
resource "aws_iam_role_policy" "continue" {
  for_each = { for name, _ in local.functions : name => name if name == "fetch" }
  name     = "${var.name}-continue"
  role     = aws_iam_role.function[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Continue"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [aws_lambda_function.stage[each.key].arn]
    }]
  })
}

resource "aws_lambda_function_event_invoke_config" "retries" {
  for_each               = { for name, _ in local.functions : name => name if name == "fetch" }
  function_name          = aws_lambda_function.stage[each.key].function_name
  maximum_retry_attempts = 2
  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters[each.key].arn
    }
  }
}

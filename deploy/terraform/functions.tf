# The functions, with what feeds them.

locals {
  event_bus = var.event_bus_arn == null ? null : regex("event-bus/(.+)$", var.event_bus_arn)[0]

  # A stage: what it does, and which created objects it is about. There is nothing to load where
  # nothing is served.
  stages = merge({
    convert = {
      description   = "lakegate: landing/ -> curated/"
      filter_prefix = "${local.prefix}landing/"
      filter_suffix = null
      key_pattern   = { prefix = "${local.prefix}landing/" }
    }
    }, length(local.tables) == 0 ? {} : {
    # The record of a run, put when all its files are there; never a Parquet file.
    load = {
      description   = "lakegate: curated/ -> tables"
      filter_prefix = "${local.prefix}_lake/runs/"
      filter_suffix = ".json"
      key_pattern   = { wildcard = "${local.prefix}_lake/runs/*.json" }
    }
  })
  # Those that are fed from queues, and the one that schedules start.
  functions = merge({ for name, stage in local.stages : name => { description = stage.description, timeout = var.timeout } },
    length(var.schedule) == 0 ? {} : {
      fetch = { description = "lakegate: an API -> landing/ -> curated/", timeout = var.fetch_timeout }
  })
}

resource "aws_cloudwatch_log_group" "function" {
  for_each          = local.functions
  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "function" {
  for_each             = local.functions
  name                 = "${var.name}-${each.key}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions
  name     = "${var.name}-${each.key}"
  role     = aws_iam_role.function[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.permissions[each.key], local.join_network, [
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
      }
      ], [for queue in compact([try(aws_sqs_queue.events[each.key].arn, "")]) : {
        Sid      = "ConsumeQueue"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [queue]
    }])
  })
}

# lake.yaml reaches the functions as a layer of one file: it changes together with the tables that are
# made of it, and the package need not be made anew.
data "archive_file" "config" {
  type        = "zip"
  output_path = "${path.root}/.terraform/${var.name}-lake-yaml.zip"
  source {
    filename = "lake.yaml"
    content  = file(var.config)
  }
}

resource "aws_lambda_layer_version" "config" {
  layer_name       = "${var.name}-config"
  description      = "lake.yaml"
  filename         = data.archive_file.config.output_path
  source_code_hash = data.archive_file.config.output_base64sha256
}

resource "aws_lambda_function" "stage" {
  for_each         = local.functions
  function_name    = "${var.name}-${each.key}"
  description      = each.value.description
  role             = aws_iam_role.function[each.key].arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = var.memory_size
  timeout          = each.value.timeout
  filename         = var.package_path
  source_code_hash = filebase64sha256(var.package_path)
  layers           = [aws_lambda_layer_version.config.arn]
  environment {
    variables = merge(var.variables, {
      LAKEGATE_LAKE   = local.lake
      LAKEGATE_CONFIG = "/opt/lake.yaml"
      },
      var.environment == null ? {} : { LAKEGATE_ENV = var.environment },
    each.key != "load" && var.event_bus_arn != null ? { LAKEGATE_EVENT_BUS = local.event_bus } : {})
  }
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }
  dynamic "vpc_config" {
    for_each = slice(["vpc"], 0, length(var.subnet_ids) > 0 ? 1 : 0)
    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }
  depends_on = [aws_iam_role_policy.function]
  lifecycle {
    # For the functions as for commands, what the environment says counts.
    precondition {
      condition     = trimsuffix(try(local.environment.lake, local.lake), "/") == local.lake
      error_message = "${var.config}: the environment's lake is another one than ${local.lake}; leave `lake` out there, or say the same with bucket or bucket_name, and prefix."
    }
  }
}

resource "aws_lambda_event_source_mapping" "stage" {
  for_each                = local.stages
  function_name           = aws_lambda_function.stage[each.key].arn
  event_source_arn        = aws_sqs_queue.events[each.key].arn
  batch_size              = var.batch_size
  function_response_types = ["ReportBatchItemFailures"]
  dynamic "scaling_config" {
    for_each = var.max_concurrency == null ? [] : [var.max_concurrency]
    content {
      maximum_concurrency = scaling_config.value
    }
  }
}

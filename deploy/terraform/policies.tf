# What the functions may do, and nothing else: the same as deploy/cdk/lib/permissions.ts, which a test
# holds this against.

locals {
  s3_read       = ["s3:GetObject"]
  s3_read_write = ["s3:GetObject", "s3:PutObject"]
  s3_replace    = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
  # Large objects are written in parts, which are given up where the work fails.
  s3_upload = concat(local.s3_replace, ["s3:AbortMultipartUpload"])
  objects   = "${local.bucket_arn}/${local.prefix}"
  glue_arn  = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # Without ListBucket S3 answers 403 for an object that is not there, where 404 is what decides. That
  # question has no s3:prefix, hence "IfExists".
  list_lake = merge({
    Sid      = "ListLake"
    Effect   = "Allow"
    Action   = ["s3:ListBucket"]
    Resource = [local.bucket_arn]
  }, local.prefix == "" ? {} : { Condition = { StringLikeIfExists = { "s3:prefix" = "${local.prefix}*" } } })
  use_key = [for arn in compact([var.kms_key_arn]) : {
    Sid      = "UseKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = [arn]
  }]
  # These actions know no narrower resource.
  join_network = [for _ in slice(["vpc"], 0, length(var.subnet_ids) > 0 ? 1 : 0) : {
    Sid    = "JoinNetwork"
    Effect = "Allow"
    Action = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ]
    Resource = ["*"]
  }]

  here = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  # keep_raw: false: replies are removed when their rows are there.
  fetched_removed = [for name in keys(local.fetched) : name if !try(local.sources[name].keep_raw, true)]
  fetched_files   = distinct(sort(flatten([for source in values(local.fetched) : source.files])))
  # Secrets Manager puts a hyphen and six characters behind a name.
  fetched_secrets = distinct(sort([
    for secret in flatten([for source in values(local.fetched) : source.secrets]) :
    startswith(secret.secretsmanager, "arn:") ? secret.secretsmanager : "arn:${data.aws_partition.current.partition}:secretsmanager:${local.here}:secret:${secret.secretsmanager}-??????"
    if can(secret.secretsmanager)
  ]))
  fetched_parameters = distinct(sort([
    for secret in flatten([for source in values(local.fetched) : source.secrets]) :
    startswith(secret.ssm, "arn:") ? secret.ssm : "arn:${data.aws_partition.current.partition}:ssm:${local.here}:parameter/${trimprefix(secret.ssm, "/")}"
    if can(secret.ssm)
  ]))

  register_in_catalog = [for database in compact([local.glue_database]) : {
    Sid    = "RegisterInCatalog"
    Effect = "Allow"
    Action = [
      "glue:BatchCreatePartition",
      "glue:BatchGetPartition",
      "glue:BatchUpdatePartition",
      "glue:CreateTable",
      "glue:GetTable",
      "glue:UpdateTable",
    ]
    Resource = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/${database}",
      "${local.glue_arn}:table/${database}/*",
    ]
  }]

  batched = [for name, served in local.tables : name if served[0].batched]

  permissions = {
    convert = concat([
      local.list_lake,
      # A backlog is listed with versions, which are part of what an arrival is.
      {
        Sid       = "ListLandedVersions"
        Effect    = "Allow"
        Action    = ["s3:ListBucketVersions"]
        Resource  = [local.bucket_arn]
        Condition = { StringLike = { "s3:prefix" = "${local.prefix}landing/*" } }
      },
      {
        Sid      = "ReadLanded"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["${local.objects}landing/*"]
      },
      # Whether an upload was completed whose reply was lost.
      {
        Sid      = "ReadOutputVersions"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersion"]
        Resource = ["${local.objects}curated/*", "${local.objects}rejected/*", "${local.objects}_lake/failures/*"]
      },
      {
        Sid      = "WriteOutputs"
        Effect   = "Allow"
        Action   = local.s3_upload
        Resource = ["${local.objects}curated/*", "${local.objects}rejected/*"]
      },
      {
        Sid    = "WriteRecords"
        Effect = "Allow"
        Action = local.s3_read_write
        Resource = [
          "${local.objects}_lake/claims/*", "${local.objects}_lake/runs/*", "${local.objects}_lake/schemas/*"
        ]
      },
      {
        Sid      = "MarkRewrites"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:PutObject"]
        Resource = ["${local.objects}_lake/rewrites/*"]
      },
      {
        Sid      = "RecordFailures"
        Effect   = "Allow"
        Action   = local.s3_upload
        Resource = ["${local.objects}_lake/failures/*"]
      },
      ], local.use_key, local.register_in_catalog, [for bus in compact([var.event_bus_arn]) : {
        Sid      = "AnnounceRuns"
        Effect   = "Allow"
        Action   = ["events:PutEvents"]
        Resource = [bus]
    }])
    fetch = concat([
      local.list_lake,
      {
        Sid      = "LandReplies"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
        Resource = [for name in keys(local.fetched) : "${local.objects}landing/${name}/*"]
      },
      {
        Sid      = "RecordFetches"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
        Resource = [for name in keys(local.fetched) : "${local.objects}_lake/fetches/${name}/*"]
      },
      {
        Sid    = "ReadOutputVersions"
        Effect = "Allow"
        Action = ["s3:GetObjectVersion"]
        Resource = flatten([for name in keys(local.fetched) : [
          "${local.objects}curated/${name}/*", "${local.objects}rejected/${name}/*",
          "${local.objects}_lake/failures/${name}/*"
        ]])
      },
      {
        Sid    = "WriteOutputs"
        Effect = "Allow"
        Action = local.s3_upload
        Resource = flatten([for name in keys(local.fetched) : [
          "${local.objects}curated/${name}/*", "${local.objects}rejected/${name}/*"
        ]])
      },
      {
        Sid    = "WriteRecords"
        Effect = "Allow"
        Action = local.s3_read_write
        Resource = flatten([for name in keys(local.fetched) : [
          "${local.objects}_lake/claims/${name}/*", "${local.objects}_lake/runs/${name}/*",
          "${local.objects}_lake/schemas/${name}.json"
        ]])
      },
      {
        Sid      = "MarkRewrites"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:PutObject"]
        Resource = [for name in keys(local.fetched) : "${local.objects}_lake/rewrites/${name}/*"]
      },
      {
        Sid      = "RecordFailures"
        Effect   = "Allow"
        Action   = local.s3_upload
        Resource = [for name in keys(local.fetched) : "${local.objects}_lake/failures/${name}/*"]
      },
      ], local.use_key, [for _ in slice(["removed"], 0, length(local.fetched_removed) > 0 ? 1 : 0) : {
        Sid      = "RemoveReplies"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = [for name in local.fetched_removed : "${local.objects}landing/${name}/*"]
        }], [for _ in slice(["files"], 0, length(local.fetched_files) > 0 ? 1 : 0) : {
        Sid      = "ReadParameters"
        Effect   = "Allow"
        Action   = concat(local.s3_read, ["s3:GetObjectVersion"])
        Resource = [for file in local.fetched_files : "${local.objects}${file}"]
        }], [for _ in slice(["secrets"], 0, length(local.fetched_secrets) > 0 ? 1 : 0) : {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = local.fetched_secrets
        }], [for _ in slice(["parameters"], 0, length(local.fetched_parameters) > 0 ? 1 : 0) : {
        Sid      = "ReadSecureParameters"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = local.fetched_parameters
        }], [for queue in compact([try(aws_sqs_queue.dead_letters["fetch"].arn, "")]) : {
        Sid      = "GiveUp"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [queue]
        }], local.register_in_catalog, [for bus in compact([var.event_bus_arn]) : {
        Sid      = "AnnounceRuns"
        Effect   = "Allow"
        Action   = ["events:PutEvents"]
        Resource = [bus]
    }])
    load = concat([
      local.list_lake,
      {
        Sid      = "ReadCurated"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["${local.objects}curated/*"]
      },
      {
        Sid      = "ReadRecords"
        Effect   = "Allow"
        Action   = local.s3_read
        Resource = ["${local.objects}_lake/runs/*", "${local.objects}_lake/schemas/*"]
      },
      {
        Sid      = "RecordLoads"
        Effect   = "Allow"
        Action   = local.s3_replace
        Resource = ["${local.objects}_lake/loads/*"]
      },
      {
        Sid    = "WriteTables"
        Effect = "Allow"
        Action = [
          "dynamodb:DeleteItem",
          "dynamodb:DescribeTable",
          "dynamodb:PutItem",
          "dynamodb:Scan",
        ]
        Resource = [for table in aws_dynamodb_table.served : table.arn]
      },
      ], [for _ in slice(["batches"], 0, length(local.batched) > 0 ? 1 : 0) : {
        Sid      = "WriteBatches"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchWriteItem"]
        Resource = [for name in local.batched : aws_dynamodb_table.served[name].arn]
        }], [for table in aws_dynamodb_table.marks : {
        Sid      = "MarkSources"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = [table.arn]
    }], local.use_key)
  }
}

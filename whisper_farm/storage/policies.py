"""Who may do what in the farm's bucket: the two least policies, as plain data for any S3 server.

A worker may stand on a stranger's machine: it reads chunks and writes results. Control workers and
people's clients do everything within the bucket. Neither may see another bucket or administer anything.
"""

from typing import Any

WORKER_READS = "chunks/"
WORKER_WRITES = "results/"

Policy = dict[str, Any]


def worker_policy(bucket: str) -> Policy:
    """Reads `chunks/*`, writes `results/*`, and nothing else: it can't even list."""
    return _policy(
        _allow(["s3:GetObject"], [f"{bucket}/{WORKER_READS}*"]),
        _allow(["s3:PutObject"], [f"{bucket}/{WORKER_WRITES}*"]),
    )


def farm_policy(bucket: str) -> Policy:
    """Everything with objects of this bucket; the bucket itself can't be removed or changed."""
    return _policy(
        _allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [bucket]),
        _allow(
            [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            [f"{bucket}/*"],
        ),
    )


def _policy(*statements: dict[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": actions,
        "Resource": [f"arn:aws:s3:::{resource}" for resource in resources],
    }

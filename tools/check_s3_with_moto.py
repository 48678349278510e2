#!/usr/bin/env python3
"""Runs ferrum against moto, a server of S3 by other people that checks signatures by botocore.

Uploads the demonstration model under prefixes of all kinds by boto3, then inspects and runs it from
there: what comes out must be what comes out of the folder on disk. Wrong keys must be refused.

Needs boto3 and moto[server].  usage: tools/check_s3_with_moto.py [path of ferrum]
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3

ROOT = pathlib.Path(__file__).parent.parent
MODEL = ROOT / "models/demo"
BUCKETS = ["models", "with.dots"]
PREFIXES = ["plain", "a=b+c d", "deep/er/folder", "\u00fc\u1234\U0001f600~",
            "100%25 & (more), 'quotes'!", "double//slash"]
POLICY = {"Version": "2012-10-17",
          "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


class Moto:
    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "/moto-api/", timeout=1)
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("moto does not start")

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1",
                            aws_access_key_id="any", aws_secret_access_key="any")

    def require_signatures(self):
        request = urllib.request.Request(self.url + "/moto-api/reset-auth", data=b"0",
                                         headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(request)

    def create_keys(self):
        iam = self.client("iam")
        iam.create_user(UserName="reader")
        iam.put_user_policy(UserName="reader", PolicyName="all",
                            PolicyDocument=json.dumps(POLICY))
        keys = iam.create_access_key(UserName="reader")["AccessKey"]
        return keys["AccessKeyId"], keys["SecretAccessKey"]

    def upload(self):
        s3 = self.client("s3")
        several_parts = boto3.s3.transfer.TransferConfig(multipart_threshold=5 << 20,
                                                         multipart_chunksize=5 << 20)
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=bucket)
            for prefix in PREFIXES:
                for file in MODEL.iterdir():
                    s3.upload_file(str(file), bucket, f"{prefix}/{file.name}",
                                   Config=several_parts)
        for i in range(1100):  # more than a page
            s3.put_object(Bucket="models", Key=f"plain/a note {i:04}.txt", Body=b"x")


class Ferrum:
    def __init__(self, program, folder, url, keys):
        self.program = program
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "FERRUM_CACHE": folder + "/cache",
            "AWS_ENDPOINT_URL_S3": url, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1],
            "no_proxy": "127.0.0.1"}

    def run(self, *arguments, **environment):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True,
                              env={**self.environment, **environment}, timeout=300)


def expect(condition, what, result):
    if condition:
        print("ok  ", what)
        return
    raise SystemExit(f"FAIL {what}\n{result.args}\n{result.stdout}\n{result.stderr}")


def without_location(text):
    found = json.loads(text)
    del found["target"]
    return found


def check(ferrum, keys):
    local = ferrum.run("inspect", "--json", str(MODEL))
    expect(local.returncode == 0, "inspect the folder", local)
    for bucket in BUCKETS:
        for prefix in PREFIXES:
            url = f"s3://{bucket}/{prefix}"
            found = ferrum.run("inspect", "--json", url)
            expect(found.returncode == 0 and
                   without_location(found.stdout) == without_location(local.stdout),
                   f"inspect {url}", found)
    question = ["-p", "Tell me a story.", "--temperature", "0", "--max-tokens", "60"]
    answer = ferrum.run("run", str(MODEL), *question)
    expect(answer.returncode == 0 and answer.stdout.strip(), "run the folder", answer)
    for attempt in ("downloads", "finds it in the cache"):
        found = ferrum.run("run", f"s3://models/{PREFIXES[1]}", *question)
        expect(found.stdout == answer.stdout, f"run from the bucket, which {attempt}", found)
    wrong = ferrum.run("inspect", "s3://models/plain", AWS_SECRET_ACCESS_KEY="wrong")
    expect(wrong.returncode == 1 and "SignatureDoesNotMatch" in wrong.stderr,
           "a wrong secret is refused", wrong)
    unknown = ferrum.run("inspect", "s3://models/plain", AWS_ACCESS_KEY_ID="AKIAUNKNOWN")
    expect(unknown.returncode == 1 and "InvalidAccessKeyId" in unknown.stderr,
           "an unknown key is refused", unknown)
    for result in (wrong, unknown):
        shown = result.stdout + result.stderr
        expect(keys[1] not in shown and "AKIAUNKNOWN" not in shown, "and no key is shown", result)
    absent = ferrum.run("inspect", "s3://models/absent")
    expect(absent.returncode == 1 and "s3://models/absent" in absent.stderr,
           "a folder that is not there", absent)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/ferrum")
    moto = Moto()
    try:
        with tempfile.TemporaryDirectory() as folder:
            moto.upload()
            keys = moto.create_keys()
            moto.require_signatures()
            check(Ferrum(program, folder, moto.url, keys), keys)
    finally:
        moto.process.terminate()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes tests/data/weights/s3/sigv4.json: requests and the Authorization that AWS wants for them.

The first are AWS's published vectors (aws-sig-v4-test-suite and the examples of the S3 guide,
"Signature Calculations for the Authorization Header"): their signatures stand below as published,
and botocore must agree. The others are S3 requests of our own, signed by botocore.

Needs botocore.  usage: tools/make_sigv4_references.py
"""

import datetime
import json
import pathlib
import urllib.parse
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

OUT = pathlib.Path(__file__).parent.parent / "tests/data/weights/s3/sigv4.json"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"

SUITE = {"id": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
         "region": "us-east-1", "service": "service", "time": "20150830T123600Z",
         "host": "example.amazonaws.com"}
GUIDE = {"id": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
         "region": "us-east-1", "service": "s3", "time": "20130524T000000Z",
         "host": "examplebucket.s3.amazonaws.com"}


def published(name, signature, scope=SUITE, **request):
    return {"name": name, "signature": signature, "scope": scope, **request}


PUBLISHED = [
    published("get-vanilla", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    published("get-vanilla-empty-query-key",
              "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
              query=[("Param1", "value1")]),
    published("get-vanilla-query-order-key-case",
              "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
              query=[("Param2", "value2"), ("Param1", "value1")]),
    published("get-vanilla-query-order-key",
              "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
              query=[("Param1", "value2"), ("Param1", "Value1")]),
    published("get-vanilla-query-order-value",
              "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
              query=[("Param1", "value2"), ("Param1", "value1")]),
    published("get-vanilla-query-order-encoded",
              "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
              query=[("Param-3", "Value3"), ("Param", "Value2"), ("\u1234", "Value1")]),
    published("get-vanilla-query-unreserved",
              "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
              query=[(UNRESERVED, UNRESERVED)]),
    published("get-vanilla-utf8-query",
              "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
              query=[("\u1234", "bar")]),
    published("get-vanilla-with-session-token",
              "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8", token=TOKEN),
    published("get-unreserved", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
              path="/" + UNRESERVED),
    published("get-utf8", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
              path="/\u1234"),
    published("get-space", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
              path="/example space/"),
    published("get-special-character",
              "a853c9b21b528b19643d00910d35b83a10c366a10833ceefb45edd6c80e40f27",
              path="/example/$delete"),
    published("get-header-key-duplicate",
              "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
              headers=[("My-Header1", "value2"), ("My-Header1", "value2"),
                       ("My-Header1", "value1")]),
    published("get-header-value-order",
              "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
              headers=[("My-Header1", "value4"), ("My-Header1", "value1"),
                       ("My-Header1", "value3"), ("My-Header1", "value2")]),
    published("get-header-value-trim",
              "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
              headers=[("My-Header1", " value1"), ("My-Header2", '"a   b   c"')]),
    published("post-vanilla", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
              method="POST"),
    published("post-header-value-case",
              "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
              method="POST", headers=[("My-Header1", "VALUE1")]),
    published("post-x-www-form-urlencoded",
              "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", method="POST",
              headers=[("Content-Type", "application/x-www-form-urlencoded")],
              body="Param1=value1"),
    published("guide-get-object",
              "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", GUIDE,
              path="/test.txt", headers=[("Range", "bytes=0-9")]),
    published("guide-get-bucket-lifecycle",
              "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", GUIDE,
              query=[("lifecycle", "")]),
    published("guide-list-objects",
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", GUIDE,
              query=[("max-keys", "2"), ("prefix", "J")]),
]

KEYS = ["a=b", "a+b", "a b", "a%20b", "a/../b", "a//b", "/leading", "trailing/",
        "\u00fc\u1234\U0001f600", "~tilde", "a?b#c", "quote'\"", "(1)*!;:@&,$[]",
        "back\\slash", "a\tb\x01", "{braces}|^`<>",
        "models/llama=3+it/model-00001-of-00002.safetensors", "."]


def generated():
    scope = {"id": "AKIDOWN", "secret": "own/Secret+Key=", "region": "eu-central-1",
             "service": "s3", "time": "20261123T140000Z", "host": "localhost:9000"}
    for i, key in enumerate(KEYS):
        yield {"name": f"key {i}", "scope": scope, "path": "/bucket/" + key,
               "headers": [("Range", f"bytes={i}-{1000 * i}"), ("If-Match", f'"{i:x}"')]}
        yield {"name": f"list {i}", "scope": scope, "path": "/bucket/", "token": "tok/en+=" * 9,
               "query": [("list-type", "2"), ("prefix", key), ("delimiter", "/"),
                         ("encoding-type", "url"), ("continuation-token", "1/x+y==")]}


class OnceEncoded(botocore.auth.SigV4Auth):
    """The suite's unencoded paths are encoded once; it never normalises what has no dots."""

    def _normalize_url_path(self, path):
        return path


def sign(case):
    scope = case["scope"]
    time = datetime.datetime.strptime(scope["time"], "%Y%m%dT%H%M%SZ")
    path = urllib.parse.quote(case.get("path", "/"), safe="/~")
    query = "&".join(f"{urllib.parse.quote(n, safe='~')}={urllib.parse.quote(v, safe='~')}"
                     for n, v in case.get("query", []))
    url = f"https://{scope['host']}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(case.get("method", "GET"), url, data=case.get("body", "").encode())
    request.headers.add_header("Host", scope["host"])
    for name, value in case.get("headers", []):
        request.headers.add_header(name, value)
    credentials = Credentials(scope["id"], scope["secret"], case.get("token"))
    kind = botocore.auth.S3SigV4Auth if scope["service"] == "s3" else OnceEncoded
    auth = kind(credentials, scope["service"], scope["region"])
    with mock.patch("botocore.auth.get_current_datetime", return_value=time):
        auth.add_auth(request)
    return request.headers["Authorization"]


def main():
    cases = []
    for case in PUBLISHED + list(generated()):
        authorization = sign(case)
        signature = case.pop("signature", None)
        found = authorization.rpartition("Signature=")[2]
        if signature and signature != found:
            raise SystemExit(f"{case['name']}: botocore signs {found}, published is {signature}")
        cases.append({"method": "GET", "path": "/", "query": [], "headers": [], "body": "",
                      "token": "", **case, "authorization": authorization})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    OUT.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases, {len(PUBLISHED)} of them published")


if __name__ == "__main__":
    main()

"""The links of AWS's own library for Python, by the moment, the key and the address of another one: a line each on stdin."""

import datetime
import sys
from urllib.parse import parse_qs, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

for line in sys.stdin:
    method, key, secret, region, link = line.rstrip("\n").split(" ")
    said = parse_qs(urlsplit(link).query, keep_blank_values=True)
    moment = datetime.datetime.strptime(said["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ")
    auth.get_current_datetime = lambda *_, **__: moment
    bare = link.replace("?X-Amz-Algorithm", "&X-Amz-Algorithm", 1).split("&X-Amz-Algorithm")[0]
    request = AWSRequest(method, bare)
    expires = int(said["X-Amz-Expires"][0])
    auth.S3SigV4QueryAuth(Credentials(key, secret), "s3", region, expires=expires).add_auth(request)
    print(request.url, flush=True)

#!/usr/bin/env python3
"""A registry that misbehaves on demand: it stands before a real one and does what a file says.

usage: registry_proxy.py --upstream HOST:PORT --state DIR [--port N] [--cert FILE --key FILE]

DIR/port appears when it listens. DIR/rules.json is read anew for each request; DIR/log gets a JSON line for
each: method, path, status, sent (bytes of body), authorization, range. Rules, each with "match", a part of the
path, and "times", how often it is applied (none: always):

  {"auth": "basic" | "token" | "refresh", "uses": N}   uses: requests that one token is good for
  {"cut": BYTES}         close the connection after so many bytes of the body
  {"status": CODE, "retry_after": SECONDS}
  {"flip": true}         change a byte in the middle of the body
  {"longer": BYTES}      append bytes, and say so in Content-Length
  {"shorter": BYTES}     leave the last bytes out, and say so in Content-Length
  {"no_range": true}     ignore Range
  {"wrong_range": true}  answer 206 with other bytes than were asked for
  {"redirect": URL}      307 to URL + path
  {"flood": BYTES}       so many bytes of headers
  {"slow": SECONDS}      before each byte of the body
  {"pace": BYTES}        a second, of the body
  {"body": TEXT, "type": TEXT}   in place of what the real one says
"""
import argparse, base64, http.client, http.server, json, os, ssl, threading, time, urllib.parse

USER, PASSWORD, IDENTITY = "alice", "s3cret:with:colons", "identity-of-alice"
lock = threading.Lock()
applied, tokens, n_tokens = {}, {}, 0


def rules():
    try:
        with open(f"{state}/rules.json") as f:
            return json.load(f)
    except FileNotFoundError:
        return []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def rule(self, key):
        """The first rule with that key that is for this path and has not been used up."""
        for n, rule in enumerate(rules()):
            if key not in rule or rule.get("match", "") not in self.path:
                continue
            with lock:
                name = f"{n}:{json.dumps(rule, sort_keys=True)}"
                if "times" in rule and applied.get(name, 0) >= rule["times"]:
                    continue
                applied[name] = applied.get(name, 0) + 1
            return rule
        return None

    def log_message(self, *args):
        pass

    def note(self, status, sent):
        line = {"method": self.command, "path": self.path, "status": status, "sent": sent,
                "authorization": self.headers.get("Authorization", ""), "range": self.headers.get("Range", ""),
                "time": time.time()}
        with lock, open(f"{state}/log", "a") as f:
            f.write(json.dumps(line) + "\n")

    def answer(self, status, headers, body=b""):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.note(status, len(body))

    # --- who is let in

    def basic_is_good(self):
        said = self.headers.get("Authorization", "")
        return said == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def give_token(self):
        global n_tokens
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        if self.command == "POST":
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            query = urllib.parse.parse_qs(body)
            good = query.get("refresh_token") == [IDENTITY] and query.get("grant_type") == ["refresh_token"]
        else:
            good = self.basic_is_good() or "anonymous" in json.dumps(rules())
        if not good or query.get("service") != ["the proxy"]:
            return self.answer(401, {"Content-Type": "application/json"}, b'{"errors":[{"message":"who?"}]}')
        with lock:
            n_tokens += 1
            token = f"token-{n_tokens}"
            tokens[token] = 0
        key = "access_token" if self.command == "POST" else "token"
        self.answer(200, {"Content-Type": "application/json"}, json.dumps({key: token, "expires_in": 300}).encode())

    def is_let_in(self):
        rule = self.rule("auth")
        if not rule:
            return True
        if rule["auth"] == "basic":
            if self.basic_is_good():
                return True
            challenge = 'Basic realm="the proxy"'
        else:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            with lock:
                if token in tokens and tokens[token] < rule.get("uses", 1 << 30):
                    tokens[token] += 1
                    return True
            name = "/".join(self.path.split("/")[2:-2])
            scheme = "https" if args.cert else "http"
            challenge = f'Bearer realm="{scheme}://{self.headers["Host"]}/token",service="the proxy"'
            if name:
                challenge += f',scope="repository:{name}:pull"'
        self.answer(401, {"WWW-Authenticate": challenge, "Content-Type": "application/json"},
                    b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
        return False

    # --- what is sent

    def upstream(self):
        connection = http.client.HTTPConnection(args.upstream, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() in ("accept", "range")}
        if self.rule("no_range"):
            headers.pop("Range", None)
        connection.request(self.command, self.path, headers=headers)
        return connection.getresponse()

    def body_of(self, reply, headers):
        """The body, changed as the rules want it, and the headers with it."""
        body = reply.read()
        if self.rule("flip") and body:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1:]
        if rule := self.rule("longer"):
            body += b"x" * rule["longer"]
        if rule := self.rule("shorter"):
            body = body[:-rule["shorter"]]
        if reply.status == 206 and self.rule("wrong_range"):
            headers["Content-Range"] = "bytes 0-" + headers["Content-Range"].split("-", 1)[1]
        if self.command != "HEAD":
            headers["Content-Length"] = str(len(body))
        return body

    def send_body(self, body):
        cut, slow, pace = self.rule("cut"), self.rule("slow"), self.rule("pace")
        size = 1 if slow else max(1, pace["pace"] // 10) if pace else 65536
        end = min(len(body), cut["cut"]) if cut else len(body)
        sent = 0
        try:
            while sent < end:
                piece = body[sent:min(sent + size, end)]
                self.wfile.write(piece)
                sent += len(piece)
                if slow or pace:
                    self.wfile.flush()
                    time.sleep(slow["slow"] if slow else 0.1)
        except OSError:
            self.close_connection = True
        if cut:
            self.close_connection = True
        return sent

    def do_GET(self):
        if self.path.startswith("/token"):
            return self.give_token()
        if not self.is_let_in():
            return None
        if rule := self.rule("status"):
            headers = {"Retry-After": str(rule["retry_after"])} if "retry_after" in rule else {}
            return self.answer(rule["status"], headers, b'{"errors":[{"message":"not now"}]}')
        if rule := self.rule("redirect"):
            return self.answer(307, {"Location": rule["redirect"] + self.path})
        if rule := self.rule("body"):
            return self.answer(200, {"Content-Type": rule.get("type", "application/json")}, rule["body"].encode())

        reply = self.upstream()
        headers = {k: v for k, v in reply.getheaders() if k.lower() not in ("transfer-encoding", "connection", "date")}
        body = self.body_of(reply, headers)
        self.send_response_only(reply.status)
        if rule := self.rule("flood"):
            for n in range(rule["flood"] // 1000):
                self.send_header(f"X-Flood-{n}", "x" * 980)
                self.flush_headers()
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        sent = self.send_body(body) if self.command != "HEAD" else 0
        self.note(reply.status, sent)
        return None

    do_HEAD = do_POST = do_GET

    def handle(self):
        # A client that breaks off, or speaks TLS to us, is what these tests are about.
        try:
            super().handle()
        except (OSError, ssl.SSLError):
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


parser = argparse.ArgumentParser()
parser.add_argument("--upstream", required=True)
parser.add_argument("--state", required=True)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--cert")
parser.add_argument("--key")
args = parser.parse_args()
state = args.state
os.makedirs(state, exist_ok=True)
server = Server(("127.0.0.1", args.port), Handler)
if args.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(f"{state}/port.new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(f"{state}/port.new", f"{state}/port")
server.serve_forever()

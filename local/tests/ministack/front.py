"""The public side of deployed stacks: HTTPS on 127.0.0.1 in place of API Gateway, which this emulator does not
have for SAM's APIs. It calls the functions as API Gateway does. curl is told the way by a .curlrc."""

import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# What deploy.sh tries, and what the command line calls.
ROUTES = {
    "/healthz": ("HealthFunction", "GET /healthz"),
    "/version": ("HealthFunction", "GET /version"),
    "/sms": ("IngestFunction", "POST /sms"),
    "/webhooks/calendly": ("BookingWebhookFunction", "POST /webhooks/calendly"),
    "/twilio/inbound": ("InboundFunction", "POST /twilio/inbound"),
}


class Front:
    """`stacks` says which stack answers under which name; `folder` is the home of whoever calls by curl."""

    def __init__(self, aws, stacks, folder):
        outer = self
        self.aws, self.stacks = aws, stacks

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = outer.answer(self.path, headers, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        place = Path(folder)
        certificate(stacks, place / "front.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place / "front.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        ways = [f'connect-to = "{name}:443:127.0.0.1:{self.server.server_port}"\n' for name in stacks]
        (place / ".curlrc").write_text(f'cacert = "{place / "front.pem"}"\n' + "".join(ways))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, headers, body):
        function, route = ROUTES[path]
        return self.aws.invoke(function, route, body, headers, stack=self.stacks[headers["host"]])


def certificate(names, file):
    """A certificate of its own for these names, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the tests of this repository")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(pem))

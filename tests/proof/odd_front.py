"""A server that speaks HTTP/2 and nothing else, and resets its first streams in the middle of their bodies.

Role: TLS with "h2" as the only protocol offered; behind it nginx, which speaks HTTP/2 without TLS, in front of the
World's pictures. The frames of the answers are looked at on their way: no more than their first nine bytes need to be read.
Place: one row of odd_rows.py. Limits: small bodies, since what is dropped is missing in nginx's window of the connection.
"""

import shutil
import socket
import ssl
import struct
import subprocess
import threading

from harness import free_port, wait_until

DATA, RST_STREAM, INTERNAL_ERROR = 0, 3, 2
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

CONFIGURATION = """
worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit; daemon off; master_process off;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} http2; location / {{ proxy_pass http://127.0.0.1:{upstream}; }} }}
}}
"""


class Http2Alone:
    def __init__(self, folder, certificate, upstream, resets):
        folder.mkdir(parents=True, exist_ok=True)
        self.resets, self.refused, self.lock, self.inner = resets, 0, threading.Lock(), free_port()
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=self.inner, upstream=upstream))
        self.nginx = subprocess.Popen([NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.inside, 30, "nginx").close()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("0.0.0.0", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def inside(self):
        try:
            return socket.create_connection(("127.0.0.1", self.inner), 30)
        except OSError:
            return None

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as outer:
                if outer.selected_alpn_protocol() != "h2":
                    with self.lock:
                        self.refused += 1
                    return
                # one thread reads each side; each writes to the other
                with self.inside() as inner:
                    threading.Thread(target=self.pass_on_requests, args=(outer, inner), daemon=True).start()
                    self.pass_on_answers(inner, outer)
        except OSError:
            pass

    @staticmethod
    def pass_on_requests(outer, inner):
        try:
            while data := outer.recv(65536):
                inner.sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            inner.close()

    def pass_on_answers(self, inner, outer):
        reset, rest = set(), inner.makefile("rb")
        while len(head := rest.read(9)) == 9:
            length = int.from_bytes(head[:3], "big")
            kind, stream = head[3], struct.unpack(">I", head[5:])[0] & 0x7fffffff
            body = rest.read(length)
            if kind == DATA and stream not in reset and self.take_reset():
                reset.add(stream)
                outer.sendall(b"\0\0\4" + bytes([RST_STREAM, 0]) + struct.pack(">II", stream, INTERNAL_ERROR))
            if stream not in reset:
                outer.sendall(head + body)

    def take_reset(self):
        with self.lock:
            self.resets -= 1
            return self.resets >= 0

    def close(self):
        self.listener.close()
        self.nginx.kill()
        self.nginx.wait(30)

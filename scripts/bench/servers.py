"""The servers: nginx on loopback for everything, the stand-in service where latency is wanted."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request

import corpus


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kept_ports(file, count):
    """The same from run to run: mirrors that are kept have them in their addresses."""
    try:
        ports = [int(word) for word in file.read_text().split()]
        for port in ports:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        if len(ports) == count:
            return ports
    except (OSError, ValueError):
        pass
    ports = [free_port() for _ in range(count)]
    file.write_text(" ".join(map(str, ports)))
    return ports


class Nginx:
    """/list/NAME/v4/media/stream   POST: the listing streams/NAME.jsonl
    /files/FOLDER/FILE           files
    /tiny/NUMBER.jpg             a small JPEG, different for each number, that lies on no disk
    /logged/NUMBER.jpg           the same, each request noted with its time
    /limited/STATUS/BURST/FILE   a file of FOLDER files/limited, 20 a second (RATE) and no more; limited.log has the answers"""

    RATE = 20
    LIMITS = [(status, burst) for status in (503, 429) for burst in (0, 20)]

    def __init__(self, work):
        self.folder = work / "nginx"
        self.port, self.tls_port = kept_ports(work / "ports", 2)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.log = self.folder / "requests.log"
        self.limited_log = self.folder / "limited.log"
        self.certificate = self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "30", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.folder / "key.pem", "-out", self.certificate], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.folder / "nginx.conf").write_bytes(self._configuration(work))
        self.process = subprocess.Popen(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                        stdout=open(self.folder / "output", "w"), stderr=subprocess.STDOUT)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError("nginx did not start: " + (self.folder / "output").read_text())

    def _configuration(self, work):
        folder = str(self.folder)
        user = "user root;" if os.geteuid() == 0 else ""
        zones = " ".join(f"limit_req_zone $binary_remote_addr zone=z{status}x{burst}:1m rate={self.RATE}r/s;"
                         for status, burst in self.LIMITS)
        head = f"""
{user}
worker_processes auto;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  types {{ image/jpeg jpg; }}
  default_type application/x-json-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  access_log off;
  sendfile on; tcp_nopush on;
  keepalive_requests 1000000000; keepalive_timeout 300s;
  open_file_cache max=100000 inactive=600s; open_file_cache_valid 600s;
  http2_max_concurrent_streams 128;
  log_format times '$msec';
  log_format answers '$status';
  {zones}
  server {{
    listen 127.0.0.1:{self.port} reuseport backlog=4096;
    listen 127.0.0.1:{self.tls_port} ssl http2 reuseport backlog=4096;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {self.certificate}; ssl_certificate_key {folder}/key.pem;
    location /list/ {{ error_page 405 =200 $uri; rewrite ^/list/([^/]+)/v4/media/stream$ /streams/$1.jsonl last; }}
    location /streams/ {{ internal; open_file_cache off; root {work}; error_page 405 =200 $uri; }}
    location /files/ {{ root {work}; autoindex on; }}
""".encode()
        head += self._limits(work).encode()
        picture = corpus.tiny_picture(b"$name")
        tiny = (b'    location ~ ^/tiny/(?<name>[0-9]+[.]jpg)$ { default_type image/jpeg; return 200 "' + picture +
                b'"; }\n')
        logged = (b'    location ~ ^/logged/(?<name>[0-9]+[.]jpg)$ { access_log ' + str(self.log).encode() +
                  b' times buffer=64k flush=100ms; default_type image/jpeg; return 200 "' + picture + b'"; }\n')
        return head + tiny + logged + b"  }\n}\n"

    def _limits(self, work):
        return "".join(f"""    location /limited/{status}/{burst}/ {{
      limit_req zone=z{status}x{burst} {f"burst={burst} nodelay" if burst else ""}; limit_req_status {status};
      access_log {self.limited_log} answers; alias {work}/files/limited/;
    }}
""" for status, burst in self.LIMITS)

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_origin(self):
        return f"https://localhost:{self.tls_port}"

    def api(self, listing):
        return f"{self.origin}/list/{listing}/v4"

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Sandbox:
    def __init__(self, build, work, *arguments):
        port_file = work / "sandbox.port"
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [build / "medimirror-sandbox", "--port", "0", "--port-file", port_file, "--oddities", "off",
             "--requests-per-minute", "0", *map(str, arguments)],
            stdout=open(work / "sandbox.log", "w"), stderr=subprocess.STDOUT)
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None:
                raise RuntimeError("medimirror-sandbox did not start: " + (work / "sandbox.log").read_text())
            time.sleep(0.05)
        self.origin = f"http://127.0.0.1:{port_file.read_text().strip()}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


def post(url, body=b"{}"):
    request = urllib.request.Request(url, data=body, headers={
        "Content-Type": "application/json", "Authorization": "Basic NDI6c2FuZGJveC1zZWNyZXQ="})
    with urllib.request.urlopen(request) as reply:
        return reply.read()

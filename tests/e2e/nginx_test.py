"""The same misbehaviour through nginx: TLS under a private authority, HTTP/2, GOAWAY again and again."""

import pathlib
import shutil
import subprocess
import unittest

from faults import SETTINGS, FaultRows
from harness import FAILED, TRY_LATER, EndToEnd, free_port, main, wait_until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  log_format protocol '$server_protocol $status $uri';
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    access_log {folder}/access.log protocol;
    keepalive_requests {keepalive};
    location / {{
      proxy_pass {upstream}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off; proxy_next_upstream off; proxy_read_timeout 30s;
    }}
  }}
}}
"""


@unittest.skipUnless(NGINX, "nginx is not installed")
@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class OverHttp2(FaultRows, EndToEnd):
    def start(self, media=60, keepalive=1000):
        self.port = free_port()
        self.front = f"https://127.0.0.1:{self.port}"
        self.service = self.sandbox("--oddities", "off", "--public-url", self.front, media=media)
        self.place = self.folder / "nginx"
        self.place.mkdir()
        self.make_certificates()
        (self.place / "nginx.conf").write_text(CONFIGURATION.format(
            folder=self.place, port=self.port, upstream=self.service.url, keepalive=keepalive))
        process = subprocess.Popen([NGINX, "-p", str(self.place), "-e", f"{self.place}/error.log", "-c",
                                    f"{self.place}/nginx.conf"], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)
        wait_until(lambda: (self.place / "pid").exists() or process.poll() is not None, 30, "nginx's pid file")
        self.assertIsNone(process.poll(), (self.place / "error.log").read_text()
                          if (self.place / "error.log").exists() else "nginx did not start")

    def make_certificates(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=self.place, check=True, capture_output=True)

        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
        (self.place / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", "names", "-out", "server.pem")

    def make_mirror(self, name="m"):
        mirror = self.mirror(self.service, name, **SETTINGS)
        mirror.configure(api={"base_url": self.front + "/v4"}, media={"base_url": self.front})
        mirror.environment["SSL_CERT_FILE"] = str(self.place / "ca.pem")
        return mirror

    def protocols(self):
        lines = pathlib.Path(self.place / "access.log").read_text().splitlines()
        return {line.split()[0] for line in lines if " /media/" in line}

    def test_once(self):
        self.start()
        self.check_once()
        self.assertEqual(self.protocols(), {"HTTP/2.0"})

    def test_always(self):
        self.start()
        self.check_always()

    def test_goaway_every_few_requests(self):
        self.start(media=400, keepalive=10)
        mirror = self.make_mirror()
        run = self.sync(mirror)
        self.assertEqual(run.items["failed"], 0)
        self.check_against_truth(mirror, self.service)
        self.assertIn("HTTP/2.0", self.protocols())
        self.assertLess(run.report["seconds"], 60)

    def test_unknown_authority_is_refused_before_the_secret_is_sent(self):
        self.start()
        mirror = self.make_mirror()
        mirror.configure(media={"attempts": 1})
        del mirror.environment["SSL_CERT_FILE"]
        run = mirror.run("sync", "--json")
        self.assertIn(run.exit_code, (FAILED, TRY_LATER))
        self.assertIn("certificate", run.stderr.lower())
        self.assertEqual(self.service.stats()["requests"]["media_stream"], 0)


if __name__ == "__main__":
    main()

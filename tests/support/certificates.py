"""Certificates that live as long as a test run, made by the command ``openssl``: an authority, and who it signs for."""

import subprocess
from pathlib import Path
from typing import Final

from msgspec import Struct

from tests.support.programs import needed

_NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_SIGNED: Final = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


class Certificate(Struct, frozen=True):
    """A certificate, its key, and both in one file, as Kafka's PEM keystore wants them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self.file = folder / "ca.pem"
        # Python 3.13 wants to read in an authority's certificate what its key is for.
        self._openssl("req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority",
                      "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip

    def sign(self, name: str, alternatives: str = "") -> Certificate:
        """Return a new certificate for this name; ``alternatives`` as ``IP:127.0.0.1,DNS:localhost``."""
        (self._folder / f"{name}.ext").write_text(_SIGNED + (f"subjectAltName={alternatives}\n" if alternatives else ""))
        self._openssl("req", *_NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", "-days", "2", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-extfile", f"{name}.ext")  # fmt: skip
        made = Certificate(*(self._folder / f"{name}.{end}" for end in ("pem", "key", "both")))
        made.both.write_text(made.key.read_text() + made.certificate.read_text())
        return made

    def locked(self, certificate: Certificate) -> Path:
        """Return a copy of a certificate's key that asks for a passphrase."""
        self._openssl("pkcs8", "-topk8", "-in", str(certificate.key), "-out", "locked.key", "-passout", "pass:secret")
        return self._folder / "locked.key"

    def _openssl(self, *arguments: str) -> None:
        subprocess.run((needed("openssl"), *arguments), cwd=self._folder, capture_output=True, check=True)

"""Proxies, authorities, certificates of the client, fields for a gateway: as they are read, and as they are used.

Targets have names that nobody resolves here: what reaches them went through the proxy, and never left this machine.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from sendproof.conversation.waiting import LOST_IN_A_ROW
from sendproof.errors import UsageError
from sendproof.exchange import Exchange
from sendproof.mock.profiles import profile as mock_profile
from sendproof.mock.server import MockServer
from sendproof.target.network import is_here
from sendproof.target.profile import Network, Profile, Proxy
from sendproof.target.profile_loader import exposure, parse_profile
from tests.resilience.proxy import FaultyProxy, always, close_when_idle
from tests.runs.support import held, run_target

from .support import PROVIDERS, case_of, client_to
from .tunnel import ForwardProxy

NAME = "api.example.test"
PASSWORD = "p@ss/word-4711"
LOGIN = f"keeper:{PASSWORD}"
IN_URL = "keeper:p%40ss%2Fword-4711"
Minimal = Callable[..., dict[str, Any]]


def read(data: Mapping[str, Any], environ: Mapping[str, str] | None = None, folder: Path = Path()) -> Profile:
    return parse_profile(data, where="p.toml", name="p", providers=PROVIDERS, environ=environ or {}, folder=folder)


def proxy_of(data: Mapping[str, Any], **environ: str) -> str | None:
    proxy = read(data, environ).network.proxy
    return None if proxy is None else f"{proxy.url} from {proxy.source}"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://one:3128"}, "http://one:3128 from HTTPS_PROXY"),
        ({"https_proxy": "http://one:3128/"}, "http://one:3128 from https_proxy"),
        ({"HTTP_PROXY": "http://one:3128"}, None),
        ({"ALL_PROXY": "one:3128"}, "http://one:3128 from ALL_PROXY"),
        ({"all_proxy": "https://one"}, "https://one:443 from all_proxy"),
        ({"HTTPS_PROXY": "http://one", "ALL_PROXY": "http://two"}, "http://one:80 from HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://one", "https_proxy": "http://two"}, "http://two:80 from https_proxy"),
        ({"HTTPS_PROXY": "http://one", "https_proxy": ""}, None),
        ({"HTTPS_PROXY": " "}, None),
        ({"HTTPS_PROXY": "http://[fd00::1]:3128"}, "http://[fd00::1]:3128 from HTTPS_PROXY"),
    ],
    ids=str,
)
def test_proxy_is_that_of_the_environment(minimal: Minimal, environ: dict[str, str], expected: str | None) -> None:
    assert proxy_of(minimal(), **environ) == expected


def test_proxy_of_plain_http_has_a_variable_of_its_own(minimal: Minimal) -> None:
    data = minimal(base_url="http://api.example.com", allow_http=True)
    assert proxy_of(data, HTTP_PROXY="http://one", HTTPS_PROXY="http://two") == "http://one:80 from HTTP_PROXY"


@pytest.mark.parametrize(
    ("host", "excepted", "direct"),
    [
        ("api.example.com", "*", True),
        ("api.example.com", "other.test, *", True),
        ("api.example.com", "api.example.com", True),
        ("api.example.com", "API.Example.com", True),
        ("api.example.com", "example.com", True),
        ("api.example.com", ".example.com", True),
        ("api.example.com", "*.example.com", True),
        ("api.example.com", "other.test example.com", True),
        ("api.example.com", "ample.com", False),
        ("api.example.com", "api.example.com.test", False),
        ("api.example.com", "www.example.com", False),
        ("api.example.com", "example.com:443", True),
        ("api.example.com:8443", "example.com:443", False),
        ("api.example.com:8443", "example.com:8443", True),
        ("api.example.com", "", False),
        ("api.example.com", ",,", False),
        ("api.example.com", ".", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "11.0.0.0/8", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "[fd00::1]", True),
        ("[fd00::1]", "fe80::/10", False),
        ("api.example.com", "10.0.0.0/8", False),
    ],
)
def test_hosts_may_be_excepted(minimal: Minimal, host: str, excepted: str, direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        found = proxy_of(minimal(base_url=f"https://{host}"), **{"HTTPS_PROXY": "http://one", name: excepted})
        assert (found is None) is direct


HERE = ["localhost", "LOCALHOST", "api.localhost", "127.0.0.1", "127.9.9.9", "127.1", "[::1]", "[::ffff:127.0.0.1]"]


@pytest.mark.parametrize("host", [*HERE, "0.0.0.0", "localhost."])
def test_this_machine_is_never_reached_by_a_proxy(minimal: Minimal, host: str) -> None:
    data = minimal(base_url=f"https://{host}:8080", network={"proxy": "http://one"})
    environ = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"), "http://two")
    assert proxy_of(data, **environ) is None


@pytest.mark.parametrize("host", ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "mylocalhost", ""])
def test_another_machine_is_not_this_one(host: str) -> None:
    assert not is_here(host)


def test_proxy_of_the_profile_wins(minimal: Minimal) -> None:
    data = minimal(network={"proxy": "http://mine:3128"})
    environ = {"HTTPS_PROXY": "http://one", "NO_PROXY": "*"}
    assert proxy_of(data, **environ) == "http://mine:3128 from network.proxy"


def test_proxy_of_the_profile_may_stand_in_the_environment(minimal: Minimal) -> None:
    network = read(minimal(network={"proxy": {"env": "MINE"}}), {"MINE": f"http://{IN_URL}@mine:3128"}).network
    assert network.proxy is not None
    assert network.proxy.login is not None
    assert ":".join(part.value for part in network.proxy.login) == LOGIN
    assert PASSWORD not in repr(network)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"poxy": "http://one"}, "network.poxy: .*Did you mean proxy"),
    "no table": (1, "network: expected a table, got a number"),  # type: ignore[dict-item]  # it is what is wrong
    "socks": ({"proxy": "socks5://one:1080"}, "network.proxy: .*http or https proxy, got one of socks5"),
    "with a path": ({"proxy": "http://one/path"}, "network.proxy: expected the URL of an http or https proxy"),
    "bad port": ({"proxy": "http://one:99999"}, "network.proxy: expected the URL"),
    "no host": ({"proxy": "http://:3128"}, "network.proxy: expected the URL"),
    "secret": ({"proxy": "http://u:hunter2@[x"}, "network.proxy: expected the URL .* a text of 19 characters"),
    "number": ({"proxy": 3128}, "network.proxy: expected a text"),
    "variable": ({"proxy": {"env": "MINE"}}, "network.proxy: environment variable MINE is not set"),
    "no file": (
        {"ca_file": "none.pem"},
        "network.ca_file: expected a file that can be read, got no such file: 'none.pem'",
    ),
    "folder": ({"client_cert": "."}, "network.client_cert: expected a file that can be read, got Is a directory"),
    "nul": ({"ca_file": "a\0b"}, "network.ca_file: expected a file that can be read"),
    "authority as number": ({"ca_file": 1}, "network.ca_file: expected a text, got a number"),
    "headers as text": ({"headers": "hunter2"}, "network.headers: expected a table, got a text of 7"),
    "value as number": ({"headers": {"X-A": 4711}}, "network.headers.X-A: .* got a number"),
    "value as list": ({"headers": {"X-A": ["hunter2"]}}, "network.headers.X-A: .* got a list"),
    "value of nothing": ({"headers": {"X-A": ""}}, "network.headers.X-A: .* got an empty text"),
    "line end": ({"headers": {"X-A": "hunter2\r\nX-B: 1"}}, "network.headers.X-A: expected visible ASCII"),
    "control": ({"headers": {"X-A": "hunter2\x00"}}, "network.headers.X-A: expected visible ASCII"),
    "space around": ({"headers": {"X-A": " hunter2"}}, "network.headers.X-A: expected visible ASCII"),
    "no ascii": ({"headers": {"X-A": "hunter2é"}}, "network.headers.X-A: expected visible ASCII"),
    "name with a space": ({"headers": {"X A": "a"}}, "network.headers.'X A': expected the name of a header field"),
    "name of nothing": ({"headers": {"": "a"}}, "expected the name of a header field"),
    "name twice": ({"headers": {"X-A": "a", "x-a": "b"}}, "network.headers.x-a: expected each field once"),
    **{
        name: ({"headers": {name: "hunter2"}}, f"network.headers.{name}: .*sendproof writes itself")
        for name in (
            *("X-API-Key", "x-api-key", "Authorization", "Host", "content-length", "Content-Type", "Transfer-Encoding"),
            *("Connection", "User-Agent", "Accept-Encoding", "Proxy-Authorization", "Expect", "Upgrade", "TE"),
        )
    },
}


@pytest.mark.parametrize(("network", "message"), BAD.values(), ids=BAD)
def test_network_refuses(minimal: Minimal, network: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        read(minimal(network=network), folder=tmp_path)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"ALL_PROXY": "socks5://u:hunter2@one"}, "ALL_PROXY: .* got one of socks5.*api.example.com in NO_PROXY"),
        ({"https_proxy": "http://u:hunter2@[x"}, "https_proxy: expected the URL"),
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "SSL_CERT_FILE: expected certificates in PEM, got no such file"),
        ({"SSL_CERT_DIR": "/nowhere/certs"}, "SSL_CERT_DIR: expected certificates in PEM, got no such folder"),
    ],
    ids=str,
)
def test_environment_that_cannot_be_used_is_told(minimal: Minimal, environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=f"^p.toml: environment variable {message}") as raised:
        read(minimal(), environ)
    assert "hunter2" not in str(raised.value)


def test_environment_is_not_looked_at_for_plain_http_of_this_machine(minimal: Minimal) -> None:
    environ = {"SSL_CERT_FILE": "/nowhere/ca.pem", "ALL_PROXY": "socks5://one"}
    assert read(minimal(base_url="http://127.0.0.1:1"), environ).network == Network()


@dataclass(frozen=True)
class Files:
    """An authority, a certificate of it for the client, its key, and how a server speaks that wants both."""

    folder: Path
    server: ssl.SSLContext

    @property
    def network(self) -> dict[str, Any]:
        return {"ca_file": "ca.pem", "client_cert": "client.pem", "client_key": "client.key"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("certificates")
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    client = authority.issue_cert("client@example.test")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")
    client.private_key_pem.write_to_path(folder / "client.key")
    client.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    stranger.issue_cert("other@example.test").private_key_pem.write_to_path(folder / "other.key")
    stranger.cert_pem.write_to_path(folder / "stranger.pem")
    key = serialization.load_pem_private_key(client.private_key_pem.bytes(), None)
    (folder / "locked.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"hunter2"),
        )
    )
    (folder / "empty.pem").write_bytes(b"")
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME, "127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    return Files(folder, server)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"client_key": "other.key"},
            "client_key: expected the key of the certificate 'client.pem', got .*'other.key'",
        ),
        ({"client_key": "locked.key"}, "client_key: expected a key without a password, got one with: 'locked.key'"),
        ({"client_key": "none.key"}, "client_key: expected a file that can be read, got no such file: 'none.key'"),
        ({"client_key": "client.pem"}, "client_key: expected a private key in PEM, got another file: 'client.pem'"),
        ({"client_cert": "client.key"}, "client_cert: expected a certificate in PEM, got another file: 'client.key'"),
        ({"client_cert": "broken.pem"}, "client_key: expected a certificate and its key"),
        ({"client_key": None}, "client_cert: expected a private key in PEM.*Name the file of the key as client_key"),
        ({"client_cert": None}, "client_cert: expected the certificate of client_key, got nothing"),
        ({"ca_file": "empty.pem"}, "ca_file: expected certificates in PEM, got none: .*empty.pem"),
        ({"ca_file": "client.key"}, "ca_file: expected certificates in PEM, got none"),
        ({"ca_file": "broken.pem"}, "ca_file: expected certificates in PEM, got none"),
    ],
    ids=str,
)
def test_files_that_cannot_be_used_are_named(
    minimal: Minimal, files: Files, changes: dict[str, str | None], message: str
) -> None:
    network = {name: value for name, value in {**files.network, **changes}.items() if value is not None}
    with pytest.raises(UsageError, match=f"^p.toml: network.{message}"):
        read(minimal(network=network), folder=files.folder)


def test_certificate_and_key_may_stand_in_one_file(minimal: Minimal, files: Files) -> None:
    assert read(minimal(network={"client_cert": "both.pem"}), folder=files.folder).network.client_key is None


@dataclass(frozen=True)
class Service:
    """A mock behind TLS that wants a certificate of the client, and its profile under a name of its own."""

    mock: MockServer
    port: int
    files: Files

    def profile(self, network: Mapping[str, Any], environ: Mapping[str, str] | None = None, **more: Any) -> Profile:
        data = {**self.mock.profile(), "base_url": f"https://{NAME}", **more, "network": network}
        return read(data, environ, self.files.folder)


@pytest.fixture
def service(files: Files) -> Iterator[Service]:
    with (
        MockServer("textflow") as mock,
        FaultyProxy(urlsplit(mock.base_url).port or 0, context=files.server) as front,
    ):
        yield Service(mock, urlsplit(front.base_url).port or 0, files)


def ask(profile: Profile) -> Exchange:
    with client_to(profile) as client:
        return client.send(case_of("textflow"))


def test_service_is_reached_through_the_proxy_of_the_profile(service: Service) -> None:
    with ForwardProxy(service.port, login=LOGIN) as proxy:
        network = {**service.files.network, "proxy": f"http://{IN_URL}@{proxy.address}"}
        exchange = ask(service.profile(network))
    assert exchange.response is not None
    assert exchange.response.status // 100 == 2
    assert [head.split(b"\r\n")[0] for head in proxy.heads] == [f"CONNECT {NAME}:443 HTTP/1.1".encode()]
    assert PASSWORD not in repr(exchange)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_service_is_reached_through_the_proxy_of_the_environment(service: Service, name: str) -> None:
    with ForwardProxy(service.port) as proxy:
        environ = {name: f"http://{proxy.address}", "SSL_CERT_FILE": str(service.files.folder / "ca.pem")}
        network = {name: value for name, value in service.files.network.items() if name != "ca_file"}
        assert ask(service.profile(network, environ)).response is not None
    assert len(proxy.heads) == 1


def test_connection_through_a_tunnel_is_kept(service: Service) -> None:
    with ForwardProxy(service.port) as proxy:
        with client_to(service.profile({**service.files.network, "proxy": proxy.address})) as client:
            assert all(client.send(case_of("textflow", id=f"c{n}")).response for n in range(3))
        assert len(proxy.heads) == 1


def test_proxy_may_speak_tls_itself(service: Service, files: Files) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server = trustme.CA()
    server.issue_cert("127.0.0.1").configure_cert(context)
    both = files.folder / "two.pem"
    both.write_bytes((files.folder / "ca.pem").read_bytes() + server.cert_pem.bytes())
    with ForwardProxy(service.port, context=context, login=LOGIN) as proxy:
        network = {**files.network, "ca_file": "two.pem", "proxy": f"https://{IN_URL}@{proxy.address}"}
        assert ask(service.profile(network)).response is not None
        untrusting = {**network, "ca_file": "ca.pem"}
        assert ask(service.profile(untrusting)).failure == "proxy"


def test_plain_http_is_passed_on_by_a_proxy(service: Service) -> None:
    port = urlsplit(service.mock.base_url).port or 0
    with ForwardProxy(port, login=LOGIN) as proxy:
        more: dict[str, Any] = {"base_url": f"http://{NAME}", "allow_http": True}
        good = ask(service.profile({"proxy": f"http://{IN_URL}@{proxy.address}"}, **more))
        bad = ask(service.profile({"proxy": proxy.address}, **more))
    assert good.response is not None
    assert proxy.heads[0].startswith(f"POST http://{NAME}/".encode())
    assert (bad.failure, bad.response) == ("proxy_login", None)


TROUBLES: dict[str, tuple[dict[str, Any], str]] = {
    "wants credentials": ({"login": "another:one"}, "proxy_login"),
    "forbids": ({"refuses": 403}, "proxy_forbids"),
    "does not reach the host": ({"refuses": 502}, "proxy_gateway"),
    "no http": ({"garbage": b"SSH-2.0-OpenSSH\r\n\r\n"}, "proxy"),
    "says nothing": ({"garbage": b""}, "proxy"),
}


@pytest.mark.parametrize(("how", "failure"), TROUBLES.values(), ids=TROUBLES)
def test_trouble_with_a_proxy_has_names_of_its_own(service: Service, how: dict[str, Any], failure: str) -> None:
    with ForwardProxy(service.port, **how) as proxy:
        assert ask(service.profile({**service.files.network, "proxy": proxy.address})).failure == failure
    assert service.mock.request_count == 0


def test_proxy_that_is_not_there_is_the_trouble(service: Service) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        network = {**service.files.network, "proxy": f"127.0.0.1:{taken.getsockname()[1]}"}
        assert ask(service.profile(network)).failure == "proxy"


def test_deadline_holds_in_a_tunnel(service: Service) -> None:
    """A proxy that drips its answer to CONNECT keeps nobody longer than the time of a request."""

    class Dripping(ForwardProxy):
        def _answer(self, client: socket.socket, head: bytes) -> None:
            client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(60):
                client.sendall(b"a")
                time.sleep(0.02)

    with Dripping(service.port) as proxy:
        started = time.monotonic()
        exchange = ask(service.profile({**service.files.network, "proxy": proxy.address}, timeout_s=0.2))
    assert exchange.failure == "proxy"
    assert time.monotonic() - started < 3.0


def test_target_that_hangs_behind_a_tunnel_is_no_trouble_of_the_proxy(files: Files) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ForwardProxy(silent.getsockname()[1]) as proxy:
        data = {**mock_profile("textflow", f"https://{NAME}"), "timeout_s": 0.3, "network": {"proxy": proxy.address}}
        assert ask(read(data)).failure == "timeout"


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"ca_file": "stranger.pem"}, "tls_untrusted"),
        ({"ca_file": None}, "tls_untrusted"),
        ({"client_cert": None, "client_key": None}, "tls_client"),
    ],
    ids=["another authority", "the system's", "no certificate of the client"],
)
def test_trouble_of_tls_has_names_of_its_own(service: Service, changes: dict[str, Any], failure: str) -> None:
    with ForwardProxy(service.port) as proxy:
        network = {**service.files.network, "proxy": proxy.address, **changes}
        exchange = ask(service.profile({name: value for name, value in network.items() if value is not None}))
    assert exchange.failure == failure


def test_certificate_for_another_host_is_refused(service: Service) -> None:
    with ForwardProxy(service.port) as proxy:
        network = {**service.files.network, "proxy": proxy.address}
        assert ask(service.profile(network, base_url="https://other.example.test")).failure == "tls_host"


def test_authority_of_the_profile_wins(minimal: Minimal, files: Files) -> None:
    environ = {"SSL_CERT_FILE": str(files.folder / "stranger.pem")}
    assert (
        read(minimal(network={"ca_file": "ca.pem"}), environ, files.folder).network.ca_file == files.folder / "ca.pem"
    )


GATEWAY = "gate/keeper+secret=="


def echo(request: httpx.Request) -> httpx.Response:
    shown = json.dumps({"seen": dict(request.headers), "at": str(request.url)})
    return httpx.Response(400, headers={"X-Request-Id": request.headers["X-Gateway"]}, text=shown)


def test_fields_of_the_profile_go_with_every_request_and_are_kept_nowhere(minimal: Minimal) -> None:
    seen: list[httpx.Request] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return echo(request)

    profile = read(minimal(network={"headers": {"X-Gateway": {"env": "GATE"}, "X-Plain": "a b"}}), {"GATE": GATEWAY})
    with client_to(profile, httpx.MockTransport(service)) as client:
        exchanges = [client.send(case_of("textflow")), *client.send_together([case_of("textflow")] * 2)]
    assert [(request.headers["X-Gateway"], request.headers["X-Plain"]) for request in seen] == [(GATEWAY, "a b")] * 3
    assert GATEWAY not in repr(exchanges)
    assert GATEWAY not in repr(profile.network)
    assert all("X-Gateway" not in dict(exchange.request.headers) for exchange in exchanges)


@pytest.mark.parametrize("word", ["sendproof", "message", "202555", "20261126", "+12025550120", "api.example.com"])
def test_word_that_requests_have_by_themselves_stays_where_it_is(minimal: Minimal, word: str) -> None:
    """Taken out, a text would have another length, a member another name, and the vendor the blame."""
    profile = read(minimal(network={"headers": {"X-Gateway": word}}))
    plain = read(minimal())
    case = case_of("textflow", body=b'{"to": "@{recipient}", "message": "sendproof: 20261126 api.example.com"}')
    kept = []
    for each in (profile, plain):
        with client_to(
            each, httpx.MockTransport(lambda request: httpx.Response(400, content=request.content))
        ) as client:
            kept.append(client.send(case, nonce="a" * 24))
    assert [kept[0].request.body, kept[0].response.body] == [kept[1].request.body, kept[1].response.body]  # type: ignore[union-attr]  # both answered


@pytest.mark.parametrize(
    "network", [{"headers": {"X-Gateway": GATEWAY}}, {"proxy": f"http://{IN_URL}@one"}], ids=["field", "proxy"]
)
def test_profile_that_holds_a_secret_of_the_network_is_warned_of(
    minimal: Minimal, network: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "p.toml"
    file.touch(0o644)
    key = {"credentials": {"api_key": {"env": "KEY"}}}
    warned = [
        exposure(file, read(minimal(**key, **more), {"KEY": "sk_live_abc"})) for more in ({}, {"network": network})
    ]
    assert warned[0] is None
    assert "others can read this file" in (warned[1] or "")


def test_client_names_itself_with_its_version(minimal: Minimal) -> None:
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["User-Agent"])
        return httpx.Response(400)

    with client_to(read(minimal()), httpx.MockTransport(service)) as client:
        client.send(case_of("textflow"))
    assert seen == ["sendproof/0.1.0"]


def test_proxy_shows_no_credentials() -> None:
    profile = read({**mock_profile("textflow", f"https://{NAME}"), "network": {"proxy": f"http://{IN_URL}@one:3128"}})
    proxy = profile.network.proxy
    assert isinstance(proxy, Proxy)
    assert proxy.url == "http://one:3128"
    assert "keeper" not in f"{proxy}{proxy!r}{profile!r}"


def run_profile(service: Service, **network: Any) -> dict[str, Any]:
    given = {name: str(service.files.folder / file) for name, file in service.files.network.items()}
    return {**service.mock.profile(), "base_url": f"https://{NAME}", "network": {**given, **network}}


@pytest.mark.slow
def test_run_through_a_proxy_is_green_and_keeps_no_credentials(service: Service, tmp_path: Path) -> None:
    with ForwardProxy(service.port, login=LOGIN) as proxy:
        url = f"http://{IN_URL}@{proxy.address}"
        profile = run_profile(service, proxy=url, headers={"X-Gateway": GATEWAY})
        code, results = run_target(tmp_path, profile, "--yes", "--clause", "tf.auth.missing-key")
    assert code == 0
    assert results["traffic"]["accepted"] > 0
    files = [file for file in (tmp_path / "reports").rglob("*") if file.is_file()]
    assert len(files) > 5
    for file in files:
        text = file.read_text("utf-8")
        assert [form for form in (GATEWAY, PASSWORD, IN_URL, LOGIN) if form in text] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"login": "another:one"}, "wants credentials"),
        ({"refuses": 403}, "refuses to connect to the host"),
        ({"refuses": 502}, "does not reach the host"),
        ({"garbage": b""}, "cannot be reached"),
    ],
    ids=["407", "403", "502", "gone"],
)
def test_run_that_a_proxy_stops_is_exit_11_and_names_the_proxy(
    service: Service, how: dict[str, Any], told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with ForwardProxy(service.port, **how) as proxy:
        url = f"http://{IN_URL}@{proxy.address}"
        profile = run_profile(service, proxy=url)
        code, results = run_target(tmp_path, profile, "--yes", "--clause", "tf.auth.missing-key")
    assert code == 11
    assert {item["verdict"] for item in results["clauses"]} <= {"error", "not_applicable", "not_exercised"}
    output = capfd.readouterr()
    assert re.search(f"the proxy http://{re.escape(proxy.address)} {told}.* network.proxy", output.out)
    assert PASSWORD not in output.out + output.err + json.dumps(results)


def test_proxy_that_breaks_down_in_a_run_ends_it_and_is_named(files: Files) -> None:
    class Breaking(ForwardProxy):
        def _answer(self, client: socket.socket, head: bytes) -> None:
            self._refuses = 403 if len(self.heads) >= 20 else None
            super()._answer(client, head)

    with (
        MockServer("textflow") as mock,
        FaultyProxy(urlsplit(mock.base_url).port or 0, always(close_when_idle), context=files.server) as front,
        Breaking(urlsplit(front.base_url).port or 0) as proxy,
    ):
        data = {**mock.profile(), "base_url": f"https://{NAME}"}
        evidence, _ = held({**data, "network": {**files.network, "proxy": proxy.address}}, folder=files.folder)
    assert f"not answered: the proxy http://{proxy.address} refuses to connect" in (evidence.stopped or "")
    # A tunnel that stood before may be closed just when the first of them is sent: all others need a new one.
    first, *others = (exchange.failure for exchange in evidence.exchanges[-LOST_IN_A_ROW:])
    assert first in ("proxy_forbids", "dropped")
    assert set(others) == {"proxy_forbids"}


@pytest.mark.slow
def test_run_stopped_by_an_unknown_authority_tells_how_to_name_one(
    service: Service, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with ForwardProxy(service.port) as proxy:
        stranger = str(service.files.folder / "stranger.pem")
        profile = run_profile(service, proxy=proxy.address, ca_file=stranger)
        assert run_target(tmp_path, profile, "--yes", "--clause", "tf.auth.missing-key")[0] == 11
    assert "set network.ca_file or SSL_CERT_FILE" in capfd.readouterr().out

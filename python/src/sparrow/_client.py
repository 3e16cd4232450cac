"""Client: the HTTP API (docs/api/openapi.json), with the standard library alone."""
import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from ._sparrow import Error


class ClientError(Error):
    """An answer that is an error, or none. status 0: the server was not reached."""

    def __init__(self, status: int, code: str, message: str, parameter: Optional[str] = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code  # "invalid_input", "not_found", ..., as in the API
        self.parameter = parameter  # that is wrong, where the server names one


class Client:
    """Asks a server. Safe for use by several threads: each has a connection of its own, kept open."""

    def __init__(self, base_url: str, token: Optional[str] = None, *, timeout: float = 10.0) -> None:
        """base_url: "http://localhost:6010"; token: for what needs a role; timeout: of one request, in seconds."""
        parts = urllib.parse.urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f'"{base_url}" is no URL of a server: "http://localhost:6010" is one')
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._local = threading.local()

    # What viewers ask.

    def similar(self, item: object, *, size: int = 20, **controls: Any) -> dict[str, Any]:
        """More like this: {"items": [{"id", "title", "score", ...}], "model": ..., "degraded": ...}; controls as in the API."""
        return self.get(f"/api/v1/items/{_quoted(item)}/similar", size=size, **controls)

    def mix(self, seeds: Iterable[object], *, unlike: Iterable[object] = (), size: int = 20, **controls: Any) -> dict[str, Any]:
        """Like these, not like those: ids, or "id:weight"."""
        return self.get("/api/v1/similar", seeds=seeds, **{"not": list(unlike) or None}, size=size, **controls)

    def batch(self, requests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Up to 100 requests of lists at once: {"seeds": ["589"], "size": 10} each."""
        return self.post("/api/v1/batch", {"requests": list(requests)})

    def explain(self, seed: object, item: object, **controls: Any) -> dict[str, Any]:
        return self.get("/api/v1/explain", seed=seed, item=item, **controls)

    def search(self, words: str, *, size: int = 10) -> dict[str, Any]:
        return self.get("/api/v1/search", q=words, size=size)

    def item(self, item: object) -> dict[str, Any]:
        return self.get(f"/api/v1/items/{_quoted(item)}")

    def feedback(self, user: object, item: object, kind: str, *, seed: Optional[object] = None) -> dict[str, Any]:
        """What a user did with an item: kinds as in the API."""
        body = {"user": str(user), "item": str(item), "kind": kind}
        if seed is not None:
            body["seed"] = str(seed)
        return self.post("/api/v1/feedback", body)

    # What owners ask; roles are those of the token.

    def models(self) -> dict[str, Any]:
        return self.get("/api/v1/models")

    def promote(self, name: str, version: str) -> dict[str, Any]:
        return self.post(f"/api/v1/models/{_quoted(name)}/promote", {"version": version})

    def rollback(self, name: str) -> dict[str, Any]:
        return self.post(f"/api/v1/models/{_quoted(name)}/rollback", {})

    def status(self) -> dict[str, Any]:
        return self.get("/api/v1/status")

    def put_item(self, item: object, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Adds or replaces an item; it answers at once."""
        return self.request("PUT", f"/api/v1/items/{_quoted(item)}", body=facts)

    def delete_item(self, item: object) -> dict[str, Any]:
        return self.request("DELETE", f"/api/v1/items/{_quoted(item)}")

    def ready(self) -> bool:
        try:
            self.get("/api/v1/readyz")
        except ClientError:
            return False
        return True

    # Everything else.

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Lists become commas between encoded entries; None is left out."""
        return self.request("GET", path, parameters=parameters)

    def post(self, path: str, body: Any) -> dict[str, Any]:
        return self.request("POST", path, body=body)

    def request(self, method: str, path: str, *, parameters: Optional[Mapping[str, Any]] = None, body: Any = None) -> dict[str, Any]:
        """One request -> the answer's JSON. Errors: ClientError."""
        pairs = [f"{_quoted(name)}={_parameter(value)}" for name, value in (parameters or {}).items() if value is not None]
        target = self._prefix + path + ("?" + "&".join(pairs) if pairs else "")
        headers = {"Accept": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        sent = None
        if body is not None:
            sent = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        status, text = self._send(method, target, sent, headers)
        try:
            answer = json.loads(text) if text else {}
        except ValueError:
            raise ClientError(status, "internal", f"{method} {path}: the answer is no JSON") from None
        if status >= 400:
            error = answer.get("error", {}) if isinstance(answer, dict) else {}
            raise ClientError(status, error.get("code", "internal"), error.get("message", f"status {status}"), error.get("parameter"))
        return answer if isinstance(answer, dict) else {"items": answer}

    def close(self) -> None:
        """Closes the connection of this thread."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, method: str, target: str, body: Optional[bytes], headers: Mapping[str, str]) -> tuple[int, bytes]:
        """A kept connection may have been closed meanwhile: a GET is then sent once more on a new one."""
        kept = getattr(self._local, "connection", None)
        for connection in [kept, None] if kept is not None and method == "GET" else [None]:
            if connection is None:
                self.close()
                kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
                connection = self._local.connection = kind(self._host, self._port, timeout=self._timeout)
            try:
                connection.request(method, target, body=body, headers=dict(headers))
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                failure = error
                if isinstance(error, TimeoutError):
                    break
        raise ClientError(0, "unavailable", f"{self._host}:{self._port}: {failure or type(failure).__name__}") from failure


def _quoted(value: object) -> str:
    return urllib.parse.quote(str(value), safe="")


def _parameter(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return _quoted(value)
    return ",".join(_quoted(entry) for entry in value)

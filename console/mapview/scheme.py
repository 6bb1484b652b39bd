"""The page's only address scheme, `fenghuo-map://map/...`: local files by table, the page, Qt's channel script."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QFile, QIODevice, QObject, Qt, QUrl
from PySide6.QtWebEngineCore import QWebEngineUrlRequestJob, QWebEngineUrlScheme, QWebEngineUrlSchemeHandler

from map.assets import asset
from map.errors import MapError
from map.page import CHANNEL_SCRIPT, page_html

SCHEME = b"fenghuo-map"
HOST = "map"
PAGE = "/index.html"
PAGE_URL = f"{SCHEME.decode()}://{HOST}{PAGE}"

_CHANNEL_RESOURCE = ":/qtwebchannel/qwebchannel.js"


def register_scheme() -> None:
    """Make the scheme known to the engine; before the QApplication exists, once. Calling again does nothing."""
    if not QWebEngineUrlScheme.schemeByName(SCHEME).name().isEmpty():
        return
    scheme = QWebEngineUrlScheme(SCHEME)
    scheme.setSyntax(QWebEngineUrlScheme.Syntax.Host)
    flag = QWebEngineUrlScheme.Flag
    scheme.setFlags(flag.SecureScheme | flag.CorsEnabled | flag.FetchApiAllowed)
    QWebEngineUrlScheme.registerScheme(scheme)
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)


def is_ours(url: QUrl) -> bool:
    """Whether an address is of our scheme and host."""
    return url.scheme() == SCHEME.decode() and url.host() == HOST


class SchemeHandler(QWebEngineUrlSchemeHandler):
    """Answers every request of the page from local files; the rest is "not found".

    Attributes:
        not_found: paths that were asked for and are not in the table, newest last, at most MAX_NOT_FOUND.
    """

    MAX_NOT_FOUND = 100

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.not_found: list[str] = []
        self._page = page_html().encode()

    def requestStarted(self, job: QWebEngineUrlRequestJob) -> None:
        """Answer one request (called by Qt on the window's thread)."""
        url = job.requestUrl()
        if bytes(job.requestMethod().data()) != b"GET" or not is_ours(url):
            job.fail(QWebEngineUrlRequestJob.Error.RequestDenied)
        elif url.path() == PAGE:
            _reply(job, "text/html;charset=utf-8", _buffer(self._page, job))
        elif url.path() == CHANNEL_SCRIPT:
            _reply(job, "text/javascript", QFile(_CHANNEL_RESOURCE, job))
        else:
            self._file(job, url.path())

    def _file(self, job: QWebEngineUrlRequestJob, path: str) -> None:
        try:
            found = asset(path)
            _reply(job, found.mime, QFile(str(found.file()), job))
        except MapError:
            self.not_found = [*self.not_found, path][-self.MAX_NOT_FOUND :]
            job.fail(QWebEngineUrlRequestJob.Error.UrlNotFound)


def _reply(job: QWebEngineUrlRequestJob, mime: str, device: QIODevice) -> None:
    """Hand the device over; it belongs to the job and dies with it."""
    if device.isOpen() or device.open(QIODevice.OpenModeFlag.ReadOnly):
        job.reply(QByteArray(mime.encode()), device)
    else:
        job.fail(QWebEngineUrlRequestJob.Error.RequestFailed)


def _buffer(data: bytes, parent: QObject) -> QBuffer:
    buffer = QBuffer(parent)
    buffer.setData(QByteArray(data))
    return buffer

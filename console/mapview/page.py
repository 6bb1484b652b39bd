"""The page inside the view, with every door shut that a map does not need, and the one profile all maps share."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QUrl, Signal
from PySide6.QtWebEngineCore import (
    QWebEngineDownloadRequest,
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
)

from console.mapview.guard import Guard
from console.mapview.scheme import SCHEME, SchemeHandler, is_ours

_OFF = (
    "JavascriptCanOpenWindows", "LocalStorageEnabled", "LocalContentCanAccessFileUrls",
    "LocalContentCanAccessRemoteUrls", "NavigateOnDropEnabled", "PdfViewerEnabled", "PluginsEnabled",
    "ErrorPageEnabled", "JavascriptCanAccessClipboard", "JavascriptCanPaste", "FullScreenSupportEnabled",
    "HyperlinkAuditingEnabled", "ScreenCaptureEnabled", "DnsPrefetchEnabled", "AutoLoadIconsForPage", "WebGLEnabled",
    "AllowWindowActivationFromJavaScript", "AllowRunningInsecureContent",
)  # fmt: skip
_ON = ("JavascriptEnabled", "PlaybackRequiresUserGesture")


class MapProfile(QWebEngineProfile):
    """Off the record (nothing is written to disk), guarded, serving our scheme. One for the whole run.

    Attributes:
        guard: counts what was refused.
        handler: answers the scheme.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.setHttpCacheType(QWebEngineProfile.HttpCacheType.NoCache)
        self.setPersistentCookiesPolicy(QWebEngineProfile.PersistentCookiesPolicy.NoPersistentCookies)
        self.setSpellCheckEnabled(False)
        self.guard = Guard(self)
        self.handler = SchemeHandler(self)
        self.setUrlRequestInterceptor(self.guard)
        self.installUrlSchemeHandler(SCHEME, self.handler)
        self.downloadRequested.connect(_refuse_download)


class MapPage(QWebEnginePage):
    """A page that can only be our page.

    Signals:
        complained(str): an error or warning from the page's console.
    """

    complained = Signal(str)

    def __init__(self, profile: MapProfile, parent: QObject) -> None:
        super().__init__(profile, parent)
        self._guard = profile.guard
        settings = self.settings()
        for names, on in ((_OFF, False), (_ON, True)):
            for name in names:
                settings.setAttribute(getattr(QWebEngineSettings.WebAttribute, name), on)
        self.permissionRequested.connect(lambda request: request.deny())
        self.newWindowRequested.connect(lambda request: None)  # not opening it is refusing it

    def acceptNavigationRequest(self, url: QUrl | str, type: object, isMainFrame: bool) -> bool:
        """Only our own address; any other is counted and refused."""
        target = QUrl(url)
        if not is_ours(target):
            self._guard.note(target.toString())
        return is_ours(target)

    def createWindow(self, type: object) -> None:  # type: ignore[override]
        """No second window, whoever asks."""
        return None

    def chooseFiles(self, mode: object, oldFiles: object, acceptedMimeTypes: object) -> list[str]:
        """The page never gets a file."""
        return []

    def javaScriptConsoleMessage(self, level: object, message: str, lineNumber: int, sourceID: str) -> None:
        """Errors are told, chatter is not."""
        if level != QWebEnginePage.JavaScriptConsoleMessageLevel.InfoMessageLevel:
            self.complained.emit(f"{message[:300]} ({sourceID[:100]}:{lineNumber})")


_profiles: list[MapProfile] = []  # the one profile of the run; emptied by close_profile


def shared_profile() -> MapProfile:
    """The profile of this run, made at the first call; it belongs to the application and must outlive every page."""
    if not _profiles:
        app = QCoreApplication.instance()
        assert app is not None, "make the QApplication first"
        _profiles.append(MapProfile(app))
    return _profiles[0]


def close_profile() -> None:
    """After the last map was closed: let the profile go, in the order Qt wants."""
    while _profiles:
        _profiles.pop().deleteLater()
    flush_deletes()


def flush_deletes() -> None:
    """Carry out every deleteLater now: the profile may go only when the pages are gone."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _refuse_download(download: QWebEngineDownloadRequest) -> None:
    download.cancel()

"""Source distributions, fetched from the index without pip: `pip download` would run their setup.py."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from .downloads import download, open_url, reading
from .errors import SourceFailed
from .pipconfig import PipSettings
from .progress import Progress
from .simpleindex import ACCEPT, Link, find_sdist, page_url, read_page
from .sources import split_requirement
from .web import Access, authorization, origin, why_unreachable, without_credentials


def download_sdist(requirement: str, folder: Path, settings: PipSettings, progress: Progress) -> Path:
    """Download the source distribution of `name==version` into `folder` and give its path.

    Raises SourceFailed with what each index answered, and OSError where `folder` cannot be written.
    """
    project, version = split_requirement(requirement)
    if not settings.indexes:
        raise SourceFailed("pip is configured with no index; set PIP_INDEX_URL")
    reasons = []
    for index in settings.indexes:
        try:
            link = _look_up(index, project, version, settings.access)
            return _download(link, index, folder, settings.access, progress)
        except SourceFailed as error:
            reasons.append(str(error))
    raise SourceFailed("; ".join(reasons))


def _look_up(index: str, project: str, version: str, access: Access) -> Link:
    reason = why_unreachable(index, access)
    if reason is not None:
        raise SourceFailed(reason)
    page = page_url(without_credentials(index), project)
    with open_url(page, access, accept=ACCEPT, secret=_secret(page, index)) as answer:
        url, kind = answer.geturl(), answer.headers.get("Content-Type", "")
        body = reading(page, answer.read)
    link = find_sdist(read_page(body, kind, url), project, version)
    if link is None:
        raise SourceFailed(f"{page} lists no source distribution of version {version}")
    return link


def _download(link: Link, index: str, folder: Path, access: Access, progress: Progress) -> Path:
    schemes = {"http", "https"} | {urlsplit(index).scheme}
    if urlsplit(link.url).scheme not in schemes:
        raise SourceFailed(f"{link.url} is no address that an index may point to")
    archive = folder / Path(link.filename).name
    digest = hashlib.sha256()
    with archive.open("wb") as out:
        for piece in download(link.url, archive.name, access, progress, secret=_secret(link.url, index)):
            out.write(piece)
            digest.update(piece)
    if link.sha256 and digest.hexdigest() != link.sha256:
        raise SourceFailed(f"{link.url} has sha256 {digest.hexdigest()}, its index says {link.sha256}")
    return archive


def _secret(url: str, index: str) -> str | None:
    """The password for `url`: its own, or that of the index on the same host."""
    return authorization(url) or (authorization(index) if origin(url) == origin(index) else None)

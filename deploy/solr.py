"""A Solr node of our own: jars from Maven Central, CKAN's schema with Indonesian analysis, 127.0.0.1 only."""

from __future__ import annotations

import copy
import hashlib
import http.client
import importlib.util
import json
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.layout import CHECKOUT, Account
from deploy.steps import StepError, run_logged
from deploy.wording import say

SOURCES = CHECKOUT / "deploy" / "solr"
CHECKSUMS = SOURCES / "jars.sha256"
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
STOPWORDS = "org/apache/lucene/analysis/id/stopwords.txt"  # inside Lucene's own jar
OWN_FIELDS = CHECKOUT / "ckanext-satudata" / "ckanext" / "satudata" / "catalog" / "solr_fields.py"

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never send local requests to a proxy


@dataclass(frozen=True)
class SolrNode:
    """One node: the folder of its programs, of its cores, and its port."""

    programs: Path
    home: Path
    port: int
    heap_megabytes: int = 512

    @property
    def url(self) -> str:
        """The address of the node."""
        return f"http://127.0.0.1:{self.port}/solr"

    def core_url(self, core: str) -> str:
        """Return the address of one core, as CKAN's `solr_url` takes it."""
        return f"{self.url}/{core}"

    @property
    def command(self) -> list[str]:
        """The command that runs it in the foreground."""
        return [
            "java",
            "-Xms128m",
            f"-Xmx{self.heap_megabytes}m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Duser.timezone=UTC",
            "-Djava.net.preferIPv4Stack=true",
            f"-Djetty.port={self.port}",
            f"-Dsolr.solr.home={self.home}",
            f"-Dsolr.install.dir={self.programs}",
            f"-Dsolr.log.dir={self.home}",
            "-Ddisable.v2.api=true",
            f"-Dlog4j2.configurationFile=file:{self.programs / 'log4j2.xml'}",
            "-cp",
            f"{self.programs / 'classes'}:{self.programs / 'jars'}/*",
            "SolrNode",
        ]


def install_programs(programs: Path, log: Path) -> None:
    """Fetch Solr's jars by Maven, hold them against the recorded checksums, and compile the launcher.

    The folder appears under its name only when all of it is right; what is there already for this pom is kept.
    """
    if programs.exists():
        return
    draft = programs.with_name(f"{programs.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o755)
    for name in ("pom.xml", "log4j2.xml", "SolrNode.java"):
        shutil.copy(SOURCES / name, draft / name)
    run_logged(
        ["mvn", "-B", "-q", COPY_DEPENDENCIES, "-DincludeScope=runtime", "-DoutputDirectory=jars"],
        log,
        cwd=draft,
        failing=say("Solr tidak dapat diunduh dari Maven Central", "Solr cannot be fetched from Maven Central"),
        remedy=say(
            "Periksa sambungan internet dan pengaturan proksi Maven, lalu jalankan lagi",
            "Check the network and Maven's proxy settings, then run again",
        ),
    )
    differing = differing_jars(draft / "jars")
    if differing:
        shutil.rmtree(draft)
        raise StepError(
            say("Berkas Solr yang diunduh tidak sesuai catatan: ", "Downloaded Solr files differ from the record: ")
            + ", ".join(differing[:5]),
            say(
                "Jangan lanjutkan; periksa dari mana Maven mengunduh, lalu bandingkan dengan deploy/solr/jars.sha256",
                "Do not go on; see where Maven downloads from and compare with deploy/solr/jars.sha256",
            ),
        )
    run_logged(
        ["javac", "-cp", f"{draft / 'jars'}/*", "-d", draft / "classes", draft / "SolrNode.java"],
        log,
        failing=say("Peluncur Solr tidak dapat dikompilasi", "Solr's launcher cannot be compiled"),
        remedy=say("Pasang JDK 17 atau lebih baru (bukan JRE)", "Install a JDK 17 or newer (not a JRE)"),
    )
    for path in [draft, *draft.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    try:
        draft.rename(programs)
    except OSError:
        shutil.rmtree(draft)  # another set-up was quicker with the same files
        if not programs.exists():
            raise


def programs_name() -> str:
    """Name the folder of the programs after what they are made from, so that a changed pom makes a new one."""
    recipe = b"".join((SOURCES / name).read_bytes() for name in ("pom.xml", "log4j2.xml", "SolrNode.java"))
    return f"solr-{hashlib.sha256(recipe).hexdigest()[:10]}"


def differing_jars(jars: Path) -> list[str]:
    """Name each jar that is missing, unknown, or not byte for byte the recorded one."""
    recorded = dict(line.split("  ", 1)[::-1] for line in CHECKSUMS.read_text("utf-8").splitlines() if line)
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars.glob("*.jar")}
    return sorted(name for name in recorded.keys() | found.keys() if recorded.get(name) != found.get(name))


def own_fields() -> list[dict[str, Any]]:
    """Read the fields that the catalogue declares for itself, without importing the platform."""
    if not OWN_FIELDS.exists():
        return []
    spec = importlib.util.spec_from_file_location("satudata_solr_fields", OWN_FIELDS)
    if spec is None or spec.loader is None:
        return []
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.SOLR_FIELDS)


def indonesian_schema(ckan_schema: str, fields: Sequence[Mapping[str, Any]]) -> str:
    """Return CKAN's schema with Indonesian instead of English stemming, abbreviations, and our own fields declared.

    The schema keeps its name, which CKAN checks when it starts. `_version_` becomes the number that Solr's update log
    needs. An undeclared field would fall to `* string`, which loses what was to be stored and refuses values over 32 kB
    with the whole request.
    """
    root = ET.fromstring(ckan_schema)  # noqa: S314  # a file of the installed CKAN package
    text_type = root.find("./types/fieldType[@name='text']")
    declared = root.find("./fields")
    if text_type is None or declared is None:
        raise ValueError("not a CKAN schema: no field type 'text' or no fields")
    for analyzer in text_type.findall("analyzer"):
        english = analyzer.find("filter[@class='solr.SnowballPorterFilterFactory']")
        if english is None:
            raise ValueError("CKAN's schema no longer stems with Snowball: look at the analysis again")
        ckans_synonyms = analyzer.find("filter[@class='solr.SynonymGraphFilterFactory']")
        if ckans_synonyms is not None:
            analyzer.remove(ckans_synonyms)  # before words are freed of punctuation, "(AKI)" is none of its words
        place = list(analyzer).index(english)
        analyzer.remove(english)
        for offset, attributes in enumerate(_indonesian_filters(indexing=analyzer.get("type") == "index")):
            analyzer.insert(place + offset, ET.Element("filter", attributes))
    version = declared.find("./field[@name='_version_']")
    if version is None:
        raise ValueError("CKAN's schema declares no _version_: Solr's update log needs it")
    version.attrib.update({"type": "plong", "docValues": "true"})
    _lighten(root, text_type)
    known = {field.get("name") for field in declared.findall("field")}
    for field in fields:
        if field["name"] in known:
            raise ValueError(f"CKAN's schema declares the field {field['name']} already")
        declared.append(ET.Element("field", {name: _attribute(value) for name, value in field.items()}))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _lighten(root: ET.Element, text_type: ET.Element) -> None:
    """Take from the fields that are many what no search asks of them, a fifth of Solr's work at a harvest.

    An extra is looked for by its own words in its own field, and by the synonyms of them in `text`, into which every
    extra is copied.
    """
    plain = copy.deepcopy(text_type)
    plain.attrib.update({"name": "text_extra", "omitNorms": "true"})
    for analyzer in plain.findall("analyzer"):
        # What makes a graph of words goes, and with it the second filter that makes a row of the graph.
        synonyms = analyzer.find("filter[@class='solr.SynonymGraphFilterFactory']")
        flattening = analyzer.findall("filter[@class='solr.FlattenGraphFilterFactory']")
        for superfluous in (synonyms, *flattening[1:]):
            if superfluous is not None:
                analyzer.remove(superfluous)
    for field in root.findall("./fields/dynamicField"):
        if field.get("name") in ("extras_*", "res_extras_*"):
            field.set("type", "text_extra")
    types = root.find("./types")
    if types is None:
        raise ValueError("not a CKAN schema: no types")
    types.append(plain)
    _look_for_beginnings(root)


def _look_for_beginnings(root: ET.Element) -> None:
    """Let CKAN's completion look for what is typed as a whole, by as much of it as the index holds in one piece.

    As CKAN has it, words of more than ten letters and several words at once complete to nothing: pieces are no longer
    than that, and no row of words stands in them. Without rows of words the index needs no places.
    """
    pieces = root.find("./types/fieldType[@name='text_ngram']")
    typed = pieces.find("analyzer[@type='query']") if pieces is not None else None
    longest = root.find("./types/fieldType[@name='text_ngram']/analyzer[@type='index']/tokenizer")
    if pieces is None or typed is None or longest is None or not longest.get("maxGramSize"):
        raise ValueError("CKAN's schema no longer completes by pieces of words: look at text_ngram again")
    pieces.attrib.update({"omitTermFreqAndPositions": "true", "omitNorms": "true"})
    typed.clear()
    typed.set("type", "query")
    ET.SubElement(typed, "tokenizer", {"class": "solr.KeywordTokenizerFactory"})
    ET.SubElement(typed, "filter", {"class": "solr.LowerCaseFilterFactory"})
    length = longest.attrib["maxGramSize"]
    ET.SubElement(typed, "filter", {"class": "solr.TruncateTokenFilterFactory", "prefixLength": length})


def _indonesian_filters(*, indexing: bool) -> list[dict[str, str]]:
    flattened = [{"class": "solr.FlattenGraphFilterFactory"}] if indexing else []
    return [
        {"class": "solr.SynonymGraphFilterFactory", "synonyms": "synonyms.txt", "ignoreCase": "true"},
        *flattened,
        {"class": "solr.StopFilterFactory", "words": STOPWORDS, "ignoreCase": "true"},
        {"class": "solr.StemmerOverrideFilterFactory", "dictionary": "stems.txt", "ignoreCase": "true"},
        {"class": "solr.IndonesianStemFilterFactory", "stemDerivational": "true"},
    ]


def _attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_core(folder: Path, ckan_schema: Path, account: Account, *, name: str | None = None) -> bool:
    """Write the configuration of one core; return whether it differs from what was there.

    With `name` the node finds the core when it starts; without, it is created over HTTP (`create_core`).
    """
    conf = folder / "conf"
    files = {
        conf / "schema.xml": indonesian_schema(ckan_schema.read_text("utf-8"), own_fields()),
        conf / "solrconfig.xml": (SOURCES / "solrconfig.xml").read_text("utf-8"),
        conf / "stems.txt": (SOURCES / "stems.txt").read_text("utf-8"),
        conf / "protwords.txt": "",
        conf / "synonyms.txt": (SOURCES / "synonyms.txt").read_text("utf-8"),
    }
    if name:
        files[folder / "core.properties"] = f"name={name}\n"
    conf.mkdir(parents=True, exist_ok=True)
    changed = False
    for path, text in files.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed = True
    account.own(folder)
    return changed


def write_home(home: Path, account: Account) -> None:
    """Make the folder of the cores."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "solr.xml").write_text("<solr/>\n", "utf-8")
    account.own(home)


def create_core(node: SolrNode, name: str, **properties: str) -> None:
    """Bring a core, whose configuration is written, into the running node."""
    more = {f"property.{key}": value for key, value in properties.items()}
    admin(node, action="CREATE", name=name, instanceDir=str(node.home / name), **more)


def remove_core(node: SolrNode, name: str) -> None:
    """Take a core out of the node and delete all of it."""
    admin(node, action="UNLOAD", core=name, deleteInstanceDir="true")


def admin(node: SolrNode, **parameters: str) -> dict[str, Any]:
    """Ask the node's core administration; StepError carries its own words when it refuses."""
    query = urllib.parse.urlencode({**parameters, "wt": "json"})
    try:
        with _direct.open(f"{node.url}/admin/cores?{query}", timeout=60) as response:
            return dict(json.load(response))
    except urllib.error.HTTPError as error:
        answer = error.read(4000).decode("utf-8", errors="replace")
        raise StepError(
            say("Solr menolak perintah", "Solr refused a command") + f" {parameters.get('action')}: {answer}",
            say("Periksa catatan Solr di folder log", "Read Solr's log in the log folder"),
        ) from error


def answers(node: SolrNode, core: str | None = None) -> bool:
    """Tell whether the node (and that core of it) is up."""
    url = f"{node.core_url(core)}/select?q=*:*&rows=0" if core else f"{node.url}/admin/cores?action=STATUS"
    return core_answers(url)


def core_answers(url: str) -> bool:
    """Tell whether an address of Solr answers with 200."""
    try:
        with _direct.open(url, timeout=3) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def wait_for_core(node: SolrNode, core: str, seconds: float) -> None:
    """Wait until a core can be searched."""
    deadline = time.monotonic() + seconds
    while not answers(node, core):
        if time.monotonic() > deadline:
            raise StepError(
                say("Solr tidak siap pada waktunya", "Solr was not ready in time"),
                say("Periksa catatan Solr di folder log", "Read Solr's log in the log folder"),
            )
        time.sleep(0.1)

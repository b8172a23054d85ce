"""Makes the PDFs of these tests with the programs of others: reportlab, fpdf2, pypdf and Chromium.

    python make.py [CHROMIUM]
"""

import datetime
import subprocess
import sys
import tempfile
from pathlib import Path

from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas

here = Path(__file__).parent
DAY = datetime.datetime(2026, 5, 3, tzinfo=datetime.timezone.utc)


def invoice():
    """Two pages by reportlab: a table whose cells are drawn one by one, and a text that is turned."""
    page = canvas.Canvas(str(here / "invoice.pdf"), pagesize=A5, invariant=1)
    page.setFont("Helvetica-Bold", 14)
    page.drawString(40, 540, "Invoice 2026-117")
    page.setFont("Helvetica", 10)
    page.drawString(40, 515, "Lampen Müller & Söhne, 12 €")
    for line, cells in enumerate([("Article", "Count", "Price"), ("Lamp", "2", "49.90"), ("Bulb (E27)", "10", "3.50")]):
        for x, cell in zip((40, 200, 280), cells):
            page.drawString(x, 480 - 16 * line, cell)
    page.drawRightString(310, 420, "Total 134.80")
    page.showPage()
    page.setFont("Times-Roman", 10)
    page.drawString(40, 540, "Pay within 14 days.")
    page.translate(380, 100)
    page.rotate(90)
    page.drawString(0, 0, "Turned to the side")
    page.save()


def letter():
    """One page by fpdf2, with a compressed content and lines that are stretched."""
    page = FPDF()
    page.set_creation_date(DAY)
    page.add_page()
    page.set_font("Times", size=12)
    page.multi_cell(80, 6, "Dear Ada, thank you for the order of the third of May. It leaves us on Monday.", align="J")
    page.output(str(here / "letter.pdf"))


def chromium(program):
    """Two pages by Chromium: embedded fonts, codes of two bytes, a ligature, other scripts, two columns."""
    html = """<meta charset=utf-8><title>Report</title><style>@page { size: A5; margin: 12mm } p { margin: 4px 0 }
    .two { column-count: 2; column-gap: 20px } h2 { break-before: page }</style>
    <h1>Quarterly report</h1><p>Office of Ünal: efficient, 98 %.</p><p>Αθήνα, Москва</p>
    <table><tr><td style="width:150px">North<td>1,200<tr><td>South<td>950</table>
    <div class=two><p>The left column ends here.</p><p>The right column begins.</p></div>
    <h2>Second page</h2><p>The end.</p>"""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "report.html"
        source.write_text(html, encoding="utf-8")
        subprocess.run([program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                        f"--user-data-dir={folder}/profile", f"--print-to-pdf={here / 'report.pdf'}", source.as_uri()],
                       check=True, capture_output=True)


def locked():
    """The letter with a password to open it, and with one for its owner alone."""
    for name, user in (("locked", "secret"), ("owned", "")):
        writer = PdfWriter(clone_from=PdfReader(here / "letter.pdf"))
        writer.encrypt(user_password=user, owner_password="owner", algorithm="AES-256")
        writer.write(here / f"{name}.pdf")


def scan():
    """A page that is one picture."""
    from PIL import Image

    picture = Image.new("L", (40, 60), 255)
    for at in range(10, 30):
        picture.putpixel((at, 20), 0)
    page = FPDF()
    page.set_creation_date(DAY)
    page.add_page()
    page.image(picture, x=0, y=0, w=210)
    page.output(str(here / "scan.pdf"))


invoice()
letter()
chromium(sys.argv[1] if len(sys.argv) > 1 else "chromium")
locked()
scan()

"""Makes the sheets of these tests with the libraries of others: openpyxl and odfpy."""

import datetime
import zipfile
from pathlib import Path

from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl import Workbook

here = Path(__file__).parent


def excel():
    book = Workbook()
    sheet = book.active
    sheet.title = "Orders"
    sheet.append(["Orders of May"])
    sheet.append([])
    sheet.append(["id", "customer", "total", "paid", "on", "at", "took", None, "id"])
    on, at = datetime.date(2026, 5, 3), datetime.datetime(2026, 5, 3, 9, 30)
    sheet.append([1, "Ada", 12.5, True, on, at, datetime.timedelta(hours=30), "x", "A"])
    sheet.append([2, "O'Hara", 7, False, None, None, None, None, "B"])
    sheet.append([])
    sheet.append([3, "Ünal", "=1+1", None, None, None, None, None, None])
    other = book.create_sheet("Notes")
    other.append(["a", "b"])
    other.append(["one", "two"])
    book.save(here / "orders.xlsx")


def office():
    book = OpenDocumentSpreadsheet()
    table = Table(name="Orders")

    def row(*cells):
        line = TableRow()
        for cell in cells:
            line.addElement(cell)
        table.addElement(line)

    def text(value):
        cell = TableCell(valuetype="string")
        cell.addElement(P(text=value))
        return cell

    row(text("id"), text("customer"), text("total"), text("on"))
    row(
        TableCell(valuetype="float", value="1"),
        text("Ada"),
        TableCell(valuetype="float", value="12.5"),
        TableCell(valuetype="date", datevalue="2026-05-03"),
    )
    # As LibreOffice ends a sheet: empty cells and rows up to its end.
    end = TableRow(numberrowsrepeated="1048574")
    end.addElement(TableCell(numbercolumnsrepeated="16384"))
    table.addElement(end)
    book.spreadsheet.addElement(table)
    book.save(str(here / "orders.ods"))


def far():
    """One cell at the end of a sheet."""
    book = Workbook()
    book.active["A1"] = "a"
    book.active["XFD1048576"] = "z"
    book.save(here / "far.xlsx")


def spread():
    """A sheet that says in a few bytes that it has a billion cells."""
    with zipfile.ZipFile(here / "orders.ods") as old, zipfile.ZipFile(here / "spread.ods", "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            if part == "content.xml":
                content = content.replace(
                    b"</table:table>",
                    b'<table:table-row table:number-rows-repeated="100000">'
                    b'<table:table-cell table:number-columns-repeated="10000" office:value-type="string">'
                    b"<text:p>x</text:p></table:table-cell></table:table-row></table:table>",
                )
            new.writestr(part, content)


excel()
office()
far()
spread()

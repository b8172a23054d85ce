//! A picture as SVG: calm colours for light and dark, signs for the verbs, titles for those who cannot see it.

use std::fmt::Write;

use crate::graph::Sort;
use crate::graph::layout::Point;
use crate::graph::picture::{Curve, Frame, Picture, Tone, Voice};
use crate::workflow::NeedKind;
use crate::xml::escaped;

const STYLE: &str = "
.ground{fill:#fbfbfa}
text{font:400 11px ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace;fill:#6b6b76}
.name{font:600 13px ui-sans-serif,-apple-system,'Segoe UI','Helvetica Neue',Arial,'Noto Sans','Liberation Sans',sans-serif;fill:#23232b}
.label{font:600 11.5px ui-sans-serif,-apple-system,'Segoe UI','Helvetica Neue',Arial,'Noto Sans','Liberation Sans',sans-serif;fill:#6b6b76}
.when{fill:#9a6200}
rect{stroke-width:1.2}
.step{fill:#fff;stroke:#d5d5db}
.holder{fill:#f3f3f5;stroke:#cfcfd7}
.part{fill:#fafafb;stroke:#dcdce2;stroke-dasharray:none}
.end{fill:#ebebef;stroke:none}
.skips{stroke-dasharray:2.5 3.5;stroke:#a9a9b5}
.line{fill:none;stroke:#9d9daa;stroke-width:1.4}
.soft{stroke-dasharray:1.5 4;stroke-linecap:round;stroke-width:1.7}
.after{stroke-dasharray:6 4;stroke-width:1}
.start{stroke:#c6c6cf;stroke-width:1.2}
.head{fill:#9d9daa;stroke:none}
.start-head{fill:#c6c6cf;stroke:none}
.sign{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.blue{fill:#e6eefb}.blue+.sign{stroke:#2b62b8}
.green{fill:#e2f3ea}.green+.sign{stroke:#1d7a4f}
.violet{fill:#ece8fa}.violet+.sign{stroke:#6344b8}
.amber{fill:#faf0dc}.amber+.sign{stroke:#96660a}
.red{fill:#fae6e5}.red+.sign{stroke:#b23a36}
@media (prefers-color-scheme:dark){
.ground{fill:#17171b}
text{fill:#9b9ba8}.name{fill:#ececf1}.label{fill:#a6a6b2}.when{fill:#e0ad55}
.step{fill:#222228;stroke:#3a3a43}
.holder{fill:#1d1d22;stroke:#3d3d47}
.part{fill:#19191e;stroke:#34343d}
.end{fill:#2b2b33}
.skips{stroke:#676774}
.line{stroke:#747482}.head{fill:#747482}
.start{stroke:#4a4a55}.start-head{fill:#4a4a55}
.blue{fill:#1e2b42}.blue+.sign{stroke:#8db4f2}
.green{fill:#1a3328}.green+.sign{stroke:#74cda3}
.violet{fill:#2b2544}.violet+.sign{stroke:#b3a0f0}
.amber{fill:#372c17}.amber+.sign{stroke:#dfb25a}
.red{fill:#3b2221}.red+.sign{stroke:#ee938e}
}";

/// Writes a picture as SVG.
pub fn svg(picture: &Picture) -> String {
    let (width, height) = (number(picture.width), number(picture.height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title\">\n\
         <title id=\"title\">{}</title>\n<style>{STYLE}\n</style>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n",
        escaped(&picture.title)
    );
    let (behind, before): (Vec<&Frame>, Vec<&Frame>) =
        picture.frames.iter().partition(|frame| matches!(frame.tone, Tone::Holder | Tone::Part));
    // Boxes that hold others lie behind the lines, steps before them.
    behind.iter().for_each(|frame| draw(&mut out, frame));
    picture.curves.iter().for_each(|curve| line(&mut out, curve));
    before.iter().for_each(|frame| draw(&mut out, frame));
    out + "</svg>\n"
}

fn draw(out: &mut String, frame: &Frame) {
    let ((x, y), (width, height)) = (frame.corner, frame.size);
    let (class, round) = match frame.tone {
        Tone::Holder => ("holder", 10.0),
        Tone::Part => ("part", 8.0),
        Tone::End => ("end", height.min(36.0) / 2.0),
        Tone::Step => ("step", 8.0),
    };
    let skips = if frame.skips { " skips" } else { "" };
    let _ = write!(
        out,
        "<g><title>{}</title><rect class=\"{class}{skips}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        escaped(&frame.title),
        number(x),
        number(y),
        number(width),
        number(height),
        number(round),
    );
    if let Some(sort) = frame.sort {
        let (color, path) = sign(sort);
        let (x, y) = (number(x + 9.0), number(y + 9.0));
        let _ = write!(
            out,
            "<rect class=\"{color}\" x=\"{x}\" y=\"{y}\" width=\"24\" height=\"24\" rx=\"6\"/>\
             <path class=\"sign\" transform=\"translate({x} {y})\" d=\"{path}\"/>",
        );
    }
    for line in frame.lines.iter().filter(|line| !line.text.is_empty()) {
        let class = match line.voice {
            Voice::Name => " class=\"name\"",
            Voice::Label => " class=\"label\"",
            Voice::Condition => " class=\"when\"",
            Voice::About => "",
        };
        let (x, y) = (number(line.at.0), number(line.at.1));
        let anchor = if frame.tone == Tone::End { " text-anchor=\"middle\"" } else { "" };
        let _ = write!(out, "<text{class}{anchor} x=\"{x}\" y=\"{y}\">{}</text>", escaped(&line.text));
    }
    out.push_str("</g>\n");
}

/// A line with the head of an arrow.
fn line(out: &mut String, curve: &Curve) {
    const HEAD: f64 = 6.0;
    let (class, head) = match curve.kind {
        Some(NeedKind::Hard) => ("line", "head"),
        Some(NeedKind::Soft) => ("line soft", "head"),
        Some(NeedKind::After) => ("line after", "head"),
        None => ("line start", "start-head"),
    };
    let Some((last, rest)) = curve.points.split_last() else { return };
    let mut path = String::new();
    let mut at: Option<Point> = None;
    for point in rest.iter().chain([&(last.0, last.1 - HEAD)]) {
        let (x, y) = (number(point.0), number(point.1));
        let _ = match at {
            None => write!(path, "M{x} {y}"),
            Some(from) if (from.1 - point.1).abs() < 0.05 && (from.0 - point.0).abs() < 0.05 => Ok(()),
            Some(from) if (from.0 - point.0).abs() < 0.05 => write!(path, "V{y}"),
            Some(from) => {
                let middle = number((from.1 + point.1) / 2.0);
                write!(path, "C{} {middle} {x} {middle} {x} {y}", number(from.0))
            }
        };
        at = Some(*point);
    }
    let (x, y) = *last;
    let (left, right, top) = (number(x - 3.6), number(x + 3.6), number(y - HEAD - 0.6));
    let _ = writeln!(
        out,
        "<path class=\"{class}\" d=\"{path}\"/><path class=\"{head}\" d=\"M{left} {top}H{right}L{} {}Z\"/>",
        number(x),
        number(y)
    );
}

/// The colour of a sort of step, and its sign on 24 by 24 pixels.
fn sign(sort: Sort) -> (&'static str, &'static str) {
    match sort {
        // A plug.
        Sort::Call => ("blue", "M9 5.5V9M15 5.5V9M7.5 9H16.5V11.5A4.5 4.5 0 0 1 7.5 11.5ZM12 16V19"),
        // A globe.
        Sort::Request => (
            "blue",
            "M12 5.5A6.5 6.5 0 1 1 12 18.5A6.5 6.5 0 1 1 12 5.5ZM5.5 12H18.5M12 5.5C15 9 15 15 12 18.5C9 15 9 9 12 5.5Z",
        ),
        // A spark.
        Sort::Ask => (
            "violet",
            "M12 5.5C12.6 9.6 14.4 11.4 18.5 12C14.4 12.6 12.6 14.4 12 18.5C11.4 14.4 9.6 12.6 5.5 12C9.6 11.4 11.4 9.6 12 5.5Z",
        ),
        // Waves.
        Sort::Emit => (
            "blue",
            "M12 12H12.01M9.2 14.8A4 4 0 0 1 9.2 9.2M14.8 9.2A4 4 0 0 1 14.8 14.8M6.7 17.3A7.5 7.5 0 0 1 6.7 6.7M17.3 6.7A7.5 7.5 0 0 1 17.3 17.3",
        ),
        // A box that leads out of a box.
        Sort::Child => ("blue", "M10 6.5H6.5V17.5H17.5V14M12.5 11.5L17.8 6.2M13.5 6H18V10.5"),
        // A head and shoulders.
        Sort::Person => (
            "amber",
            "M12 6A2.8 2.8 0 1 1 12 11.6A2.8 2.8 0 1 1 12 6ZM6.5 18C7 15.2 9.2 13.8 12 13.8C14.8 13.8 17 15.2 17.5 18",
        ),
        // An equals sign.
        Sort::Set => ("green", "M7 10H17M7 14.5H17"),
        // A clock.
        Sort::Wait => ("amber", "M12 5.5A6.5 6.5 0 1 1 12 18.5A6.5 6.5 0 1 1 12 5.5ZM12 8.5V12L14.5 13.8"),
        // A cross.
        Sort::Fail => ("red", "M8.5 8.5L15.5 15.5M15.5 8.5L8.5 15.5"),
        // A list.
        Sort::Each => ("violet", "M7 8H7.01M7 12H7.01M7 16H7.01M10.5 8H17.5M10.5 12H17.5M10.5 16H17.5"),
        // A circle with an arrow.
        Sort::Repeat => ("violet", "M17.5 10A6 6 0 1 0 18 13.5M17.8 6.5V10.2H14.1"),
        // A fork.
        Sort::Switch => (
            "violet",
            "M12 18.5V13.5L7 9V5.8M12 13.5L17 9V5.8M5.3 7.5L7 5.7L8.7 7.5M15.3 7.5L17 5.7L18.7 7.5",
        ),
        // A shield.
        Sort::Try => {
            ("amber", "M12 5.2L17.5 7.2V11.5C17.5 15 15.2 17.6 12 18.8C8.8 17.6 6.5 15 6.5 11.5V7.2Z")
        }
    }
}

/// A number with one digit behind the point at most.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

//! A graph with its places: boxes in boxes, lines of text that fit, and curves between them.

use crate::graph::layout::{Places, Plan, Point, layout};
use crate::graph::width::{Face, fit, width};
use crate::graph::{Block, Graph, Node, Sort};
use crate::workflow::NeedKind;

/// A drawing in pixels, nothing left to decide but colours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// What it shows, for those who cannot see it.
    pub title: String,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// The boxes, outer ones first.
    pub frames: Vec<Frame>,
    /// The lines between them.
    pub curves: Vec<Curve>,
}

/// A box.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The path of its step, as runs name it without the numbers of items; nothing for what is no step.
    pub path: Option<String>,
    /// Its upper left corner.
    pub corner: Point,
    /// Width and height.
    pub size: (f64, f64),
    /// What it is.
    pub tone: Tone,
    /// The step's sign, at its upper left.
    pub sort: Option<Sort>,
    /// True for a step that can be skipped.
    pub skips: bool,
    /// All that it says, uncut.
    pub title: String,
    /// Its lines of text.
    pub lines: Vec<Line>,
}

/// What a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A step.
    Step,
    /// A step that holds blocks.
    Holder,
    /// One of several blocks.
    Part,
    /// What starts a run, or what it gives.
    End,
}

/// What a line of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The name of a step.
    Name,
    /// What it does.
    About,
    /// Its condition.
    Condition,
    /// What a part is called.
    Label,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Where its baseline begins; in an `End`, its middle.
    pub at: Point,
    /// The text, cut where it is too long.
    pub text: String,
    /// What it is.
    pub voice: Voice,
}

/// A line from one box to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Its points: straight down from one to the next, or a curve where it goes aside.
    pub points: Vec<Point>,
    /// What it is for; nothing for what starts a run.
    pub kind: Option<NeedKind>,
}

impl Voice {
    /// The size of its text.
    fn size(self) -> f64 {
        match self {
            Voice::Name => 13.0,
            Voice::About | Voice::Condition => 11.0,
            Voice::Label => 11.5,
        }
    }

    /// The face of its text.
    fn face(self) -> Face {
        match self {
            Voice::About | Voice::Condition => Face::Fixed,
            Voice::Name | Voice::Label => Face::Strong,
        }
    }

    fn width(self, text: &str) -> f64 {
        width(text, self.face(), self.size())
    }
}

/// Left of the text there is room for the sign.
const SIGN: f64 = 40.0;
const MARGIN: f64 = 24.0;
const INSET: f64 = 14.0;
const WIDEST_TEXT: f64 = 236.0;
const WIDEST_END: f64 = 420.0;
const LINE: f64 = 16.0;
/// Between blocks of one step.
const GAP: f64 = 10.0;

/// Draws a graph.
pub fn picture(graph: &Graph) -> Picture {
    let title = match graph.description.is_empty() {
        true => format!("The workflow {}", graph.name),
        false => format!("The workflow {}: {}", graph.name, graph.description),
    };
    let mut drawing = Picture { title, ..Picture::default() };
    let body = Sized::root(graph);
    let failure = graph.on_failure.as_ref().map(|block| Sized::part(block, "on failure", ""));
    let wide = failure.as_ref().map_or(0.0, |failure| failure.size.0).max(body.size.0);
    let mut bottom = MARGIN + body.size.1;
    let corner = (MARGIN + (wide - body.size.0) / 2.0, MARGIN);
    body.draw(corner, &mut drawing);
    if let Some(failure) = failure {
        let corner = (MARGIN + (wide - failure.size.0) / 2.0, bottom + 30.0);
        bottom += 30.0 + failure.size.1;
        failure.frame(corner, &mut drawing);
        failure.draw(corner, &mut drawing);
    }
    drawing.width = wide + 2.0 * MARGIN;
    drawing.height = bottom + MARGIN;
    drawing
}

/// A block with the sizes and places of what is in it, from its own corner.
struct Sized {
    size: (f64, f64),
    label: String,
    /// Where its steps begin.
    inset: Point,
    boxes: Vec<Body>,
    kinds: Vec<Option<NeedKind>>,
    places: Places,
}

/// A box before it is known where it stands.
struct Body {
    path: Option<String>,
    size: (f64, f64),
    tone: Tone,
    sort: Option<Sort>,
    skips: bool,
    title: String,
    texts: Vec<(Voice, String)>,
    parts: Vec<Sized>,
}

impl Sized {
    /// The steps of a run with what starts it and what it gives.
    fn root(graph: &Graph) -> Sized {
        let mut boxes: Vec<Body> = graph.body.nodes.iter().map(|node| Body::step(node, "")).collect();
        let (start, end) = (boxes.len(), boxes.len() + 1);
        let mut lines = links(&graph.body);
        let (mut first, mut last) = (vec![true; start], vec![true; start]);
        for edge in &graph.body.edges {
            first[edge.to] = false;
            last[edge.from] = false;
        }
        boxes.push(Body::start(graph));
        lines.extend((0..start).filter(|at| first[*at]).map(|at| (start, at, None)));
        if let Some(output) = &graph.output {
            boxes.push(Body::end("output", &output.about));
            if output.reads.is_empty() {
                lines.extend((0..start).filter(|at| last[*at]).map(|at| (at, end, None)));
            }
            lines.extend(output.reads.iter().map(|(from, kind)| (*from, end, Some(*kind))));
        }
        Sized::new(String::new(), (0.0, 0.0), boxes, lines)
    }

    /// One of the blocks in a step.
    fn part(block: &Block, label: &str, around: &str) -> Sized {
        let top = if label.is_empty() { INSET } else { INSET + 16.0 };
        let boxes = block.nodes.iter().map(|node| Body::step(node, around)).collect();
        Sized::new(label.to_owned(), (INSET, top), boxes, links(block))
    }

    fn new(
        label: String,
        inset: Point,
        boxes: Vec<Body>,
        lines: Vec<(usize, usize, Option<NeedKind>)>,
    ) -> Sized {
        let kinds: Vec<Option<NeedKind>> = lines.iter().map(|line| line.2).collect();
        let group = |kind: Option<NeedKind>| kind.map_or(3, |kind| kind as usize);
        let plan = Plan {
            sizes: boxes.iter().map(|body| body.size).collect(),
            lines: lines.iter().map(|(from, to, kind)| (*from, *to, group(*kind))).collect(),
        };
        let places = layout(&plan);
        let words = Voice::Label.width(&label);
        let wide = places.size.0.max(words).max(if boxes.is_empty() { 56.0 } else { 0.0 });
        let high = if inset.1 > 0.0 { inset.1 + INSET } else { 0.0 };
        Sized { size: (wide + 2.0 * inset.0, places.size.1 + high), label, inset, boxes, kinds, places }
    }

    fn frame(&self, corner: Point, to: &mut Picture) {
        let at = (corner.0 + INSET, corner.1 + 19.0);
        let label = Line { at, text: self.label.clone(), voice: Voice::Label };
        to.frames.push(Frame {
            path: None,
            corner,
            size: self.size,
            tone: Tone::Part,
            sort: None,
            skips: false,
            title: self.label.clone(),
            lines: vec![label],
        });
    }

    fn draw(self, corner: Point, to: &mut Picture) {
        let spare = self.size.0 - 2.0 * self.inset.0 - self.places.size.0;
        let from = (corner.0 + self.inset.0 + spare / 2.0, corner.1 + self.inset.1);
        let moved = |point: &Point| (from.0 + point.0, from.1 + point.1);
        for (route, kind) in self.places.routes.iter().zip(self.kinds) {
            to.curves.push(Curve { points: route.iter().map(moved).collect(), kind });
        }
        for (body, place) in self.boxes.into_iter().zip(&self.places.corners) {
            body.draw(moved(place), to);
        }
    }
}

fn links(block: &Block) -> Vec<(usize, usize, Option<NeedKind>)> {
    block.edges.iter().map(|edge| (edge.from, edge.to, Some(edge.kind))).collect()
}

impl Body {
    fn step(node: &Node, around: &str) -> Body {
        let path = if around.is_empty() { node.name.clone() } else { format!("{around}.{}", node.name) };
        let mut texts = vec![(Voice::Name, node.name.clone())];
        if !node.about.is_empty() {
            texts.push((Voice::About, node.about.clone()));
        }
        if let Some(condition) = &node.condition {
            texts.push((Voice::Condition, format!("if {condition}")));
        }
        let labelled = node.blocks.iter().any(|block| !block.label.is_empty());
        let parts: Vec<Sized> =
            node.blocks.iter().map(|block| Sized::part(block, &block.label, &path)).collect();
        let mut body = Body {
            path: Some(path),
            size: (0.0, 0.0),
            tone: if parts.is_empty() { Tone::Step } else { Tone::Holder },
            sort: Some(node.sort),
            skips: node.skips,
            title: String::new(),
            texts,
            parts,
        };
        if body.parts.is_empty() {
            body.measure(SIGN, WIDEST_TEXT);
            return body;
        }
        let gap = if labelled { GAP } else { 0.0 };
        let wide: f64 = body.parts.iter().map(|part| part.size.0 + gap).sum::<f64>() + gap;
        let high = body.parts.iter().map(|part| part.size.1).fold(0.0, f64::max);
        body.measure(SIGN, WIDEST_TEXT.max(wide - SIGN - INSET));
        body.size.0 = body.size.0.max(wide);
        body.size.1 += high + if labelled { GAP } else { -4.0 };
        body
    }

    fn start(graph: &Graph) -> Body {
        let name =
            if graph.triggers.is_empty() { "started by hand".into() } else { graph.triggers.join(" · ") };
        let about = if graph.inputs.is_empty() { String::new() } else { graph.inputs.join(", ") };
        Body::end(&name, &about)
    }

    fn end(name: &str, about: &str) -> Body {
        let mut texts = vec![(Voice::Name, name.to_owned())];
        if !about.is_empty() {
            texts.push((Voice::About, about.to_owned()));
        }
        let mut body = Body {
            path: None,
            size: (0.0, 0.0),
            tone: Tone::End,
            sort: None,
            skips: false,
            title: String::new(),
            texts,
            parts: vec![],
        };
        body.measure(18.0, WIDEST_END);
        body
    }

    /// Cuts the texts, and makes room for them.
    fn measure(&mut self, left: f64, most: f64) {
        let full: Vec<&str> = self.texts.iter().map(|(_, text)| &**text).collect();
        self.title = full.join("\n");
        for (voice, text) in &mut self.texts {
            *text = fit(text, voice.face(), voice.size(), most);
        }
        let widths = self.texts.iter().map(|(voice, text)| voice.width(text));
        let widest = widths.fold(64.0, f64::max);
        let right = if self.tone == Tone::End { left } else { INSET };
        self.size = (left + widest + right, 14.0 + LINE * self.texts.len().max(1) as f64 + 6.0);
    }

    fn draw(self, corner: Point, to: &mut Picture) {
        let x = corner.0 + if self.sort.is_some() { SIGN } else { self.size.0 / 2.0 };
        let line = |(at, (voice, text)): (usize, (Voice, String))| Line {
            at: (x, corner.1 + 21.0 + LINE * at as f64),
            text,
            voice,
        };
        let head = 14.0 + LINE * self.texts.len().max(1) as f64 + 6.0;
        let lines = self.texts.into_iter().enumerate().map(line).collect();
        to.frames.push(Frame {
            path: self.path,
            corner,
            size: self.size,
            tone: self.tone,
            sort: self.sort,
            skips: self.skips,
            title: self.title,
            lines,
        });
        let labelled = self.parts.iter().any(|part| !part.label.is_empty());
        let high = self.parts.iter().map(|part| part.size.1).fold(0.0, f64::max);
        let gap = if labelled { GAP } else { 0.0 };
        let wide: f64 = self.parts.iter().map(|part| part.size.0 + gap).sum::<f64>() - gap;
        let mut x = corner.0 + (self.size.0 - wide) / 2.0;
        let y = corner.1 + head - if labelled { 0.0 } else { 4.0 };
        for mut part in self.parts {
            let wide = part.size.0;
            if labelled {
                part.size.1 = high;
                part.frame((x, y), to);
            }
            part.draw((x, y), to);
            x += wide + gap;
        }
    }
}

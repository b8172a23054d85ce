//! Pictures of workflows: what stands in them, that nothing overlaps, that they are made fast and always alike.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod support;

use std::path::Path;

use dsl::graph::{Graph, Picture, Tone, dot, mermaid, picture, svg, tree};

fn graph(text: &str) -> Graph {
    let checked = dsl::check(text, &support::catalog());
    Graph::new(&checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics)))
}

/// All files of a folder that are workflows.
fn graphs() -> Vec<(String, Graph)> {
    let mut found = vec![];
    for folder in ["tests/cases/ok", "tests/cases/graph"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), graph(&text)));
        }
    }
    assert!(found.len() > 12, "{}", found.len());
    found
}

#[test]
fn pictures_are_as_they_were_accepted() {
    let mut wrong = vec![];
    for (path, graph) in graphs().into_iter().filter(|(path, _)| path.contains("cases/graph")) {
        let forms = [
            ("txt", tree(&graph)),
            ("mmd", mermaid(&graph)),
            ("dot", dot(&graph)),
            ("svg", svg(&picture(&graph))),
        ];
        for (extension, drawn) in forms {
            let expected = Path::new(&path).with_extension(extension);
            if std::env::var("KEYWAY_ACCEPT").is_ok() {
                std::fs::write(&expected, &drawn).unwrap();
            }
            if std::fs::read_to_string(&expected).unwrap_or_default() != drawn {
                wrong.push(format!("{}\n{drawn}", expected.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Left, top, right and bottom.
fn edges(picture: &Picture, at: usize) -> [f64; 4] {
    let frame = &picture.frames[at];
    [frame.corner.0, frame.corner.1, frame.corner.0 + frame.size.0, frame.corner.1 + frame.size.1]
}

/// What is wrong with a picture: boxes that overlap and hold not one another, lines through steps.
fn faults(picture: &Picture) -> Vec<String> {
    let mut faults = vec![];
    let boxes: Vec<[f64; 4]> = (0..picture.frames.len()).map(|at| edges(picture, at)).collect();
    for (at, a) in boxes.iter().enumerate() {
        if a[0] < 0.0 || a[1] < 0.0 || a[2] > picture.width || a[3] > picture.height {
            faults.push(format!("{} is outside", picture.frames[at].title));
        }
        for (other, b) in boxes.iter().enumerate().skip(at + 1) {
            let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
            let holds =
                |a: &[f64; 4], b: &[f64; 4]| a[0] <= b[0] && a[1] <= b[1] && a[2] >= b[2] && a[3] >= b[3];
            if !apart && !holds(a, b) && !holds(b, a) {
                faults.push(format!(
                    "{} and {} overlap",
                    picture.frames[at].title, picture.frames[other].title
                ));
            }
        }
    }
    for curve in &picture.curves {
        for pair in curve.points.windows(2) {
            for (at, b) in boxes.iter().enumerate() {
                let step = picture.frames[at].tone == Tone::Step;
                // A curve stays between its two ends; the middle of it is enough to see that it crosses a box.
                let (x, y) = ((pair[0].0 + pair[1].0) / 2.0, (pair[0].1 + pair[1].1) / 2.0);
                if step && x > b[0] + 0.1 && x < b[2] - 0.1 && y > b[1] + 0.1 && y < b[3] - 0.1 {
                    faults.push(format!("a line crosses {}", picture.frames[at].title));
                }
            }
        }
    }
    faults
}

#[test]
fn boxes_do_not_overlap_and_lines_go_round_them() {
    for (path, graph) in graphs() {
        assert_eq!(faults(&picture(&graph)), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn a_fault_in_a_picture_is_seen() {
    let mut drawn =
        picture(&graph("name: x\nsteps: { a: { set: { x: 1 } }, b: { fail: \"{{ steps.a.x }}\" } }\n"));
    assert_eq!(faults(&drawn), Vec::<String>::new());
    drawn.frames[1].corner.1 -= 60.0;
    assert!(faults(&drawn).iter().any(|fault| fault.contains("overlap")), "{drawn:?}");
}

#[test]
fn text_from_the_author_cannot_break_out() {
    let text = "name: x\ndescription: '<script>&\"]]>'\nsteps:\n  a: { fail: '</text><script>alert(\"1\")</script> #quot; \\\" }' }\n";
    let graph = graph(text);
    let drawn = svg(&picture(&graph));
    assert!(!drawn.contains("<script") && drawn.contains("&lt;script&gt;"), "{drawn}");
    let flow = mermaid(&graph);
    assert!(!flow.contains("<script") && !flow.contains("alert(\""), "{flow}");
    assert!(dot(&graph).contains("alert(\\\"1\\\")"), "{}", dot(&graph));
}

#[test]
fn a_tree_fits_into_80_columns() {
    for (path, graph) in graphs() {
        for line in tree(&graph).lines() {
            assert!(line.chars().count() <= 80, "{path}: {line}");
        }
    }
}

#[test]
fn the_same_workflow_is_drawn_alike() {
    for (path, graph) in graphs() {
        assert_eq!(svg(&picture(&graph)), svg(&picture(&graph.clone())), "{path}");
    }
}

#[test]
fn a_thousand_steps_are_drawn() {
    let mut text = String::from("name: many\nsteps:\n  step_0: { set: { x: 1 } }\n");
    for at in 1..1_000 {
        let (near, far) = (at - 1 - at % 7 % at, at / 2);
        text += &format!(
            "  step_{at}: {{ set: {{ x: \"{{{{ [steps.step_{near}.x, steps.step_{far}?.x] }}}}\" }} }}\n"
        );
    }
    let graph = graph(&text);
    let drawn = picture(&graph);
    assert_eq!(drawn.frames.iter().filter(|frame| frame.tone == Tone::Step).count(), 1_000);
    assert_eq!(faults(&drawn), Vec::<String>::new());
}

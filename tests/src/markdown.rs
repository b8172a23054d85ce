//! Fenced blocks of Markdown, with the place where each begins.

use std::path::{Path, PathBuf};

/// One fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of its first line of text, from 1.
    pub line: usize,
    /// What stands behind the fence, as in `yaml fragment`.
    pub info: String,
    /// The text, without the indentation of the fence.
    pub text: String,
}

impl Block {
    /// True if the block's language is this.
    pub fn is(&self, language: &str) -> bool {
        self.info.split([' ', ',']).next() == Some(language)
    }

    /// True if this word stands behind the language.
    pub fn has(&self, word: &str) -> bool {
        self.info.split([' ', ',']).skip(1).any(|other| other == word)
    }

    /// True if the YAML text is a whole workflow: it has the key `steps` at the top.
    pub fn is_workflow(&self) -> bool {
        self.text.lines().any(|line| line.trim_end() == "steps:" || line.starts_with("steps: "))
    }
}

/// All fenced blocks of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = vec![];
    let mut open: Option<(String, usize, Block)> = None;
    for (index, line) in page.lines().enumerate() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        match &mut open {
            Some((fence, _, block))
                if bare.starts_with(fence.as_str()) && bare.trim_end().trim_matches('`').is_empty() =>
            {
                found.push(block.clone());
                open = None;
            }
            Some((_, indent, block)) => {
                let white = line.len() - bare.len();
                block.text.push_str(&line[white.min(*indent)..]);
                block.text.push('\n');
            }
            None if bare.starts_with("```") => {
                let fence: String = bare.chars().take_while(|letter| *letter == '`').collect();
                let info = bare[fence.len()..].trim().to_owned();
                open = Some((fence, indent, Block { line: index + 2, info, text: String::new() }));
            }
            None => {}
        }
    }
    found
}

/// The pages that readers get: those at the root, and all in `docs/`, sorted.
pub fn pages(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    collect(root, false, &mut found);
    collect(&root.join("docs"), true, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, deep: bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && deep {
            collect(&path, deep, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_place_and_without_their_indentation() {
        let page = "text\n```yaml\na: 1\n```\n1. item\n   ```yaml fragment\n   b:\n     c: 2\n   ```\n````md\n```yaml\n```\n````\n";
        let found = blocks(page);
        let seen: Vec<_> = found.iter().map(|it| (it.line, it.info.as_str(), it.text.as_str())).collect();
        let expected =
            [(3, "yaml", "a: 1\n"), (7, "yaml fragment", "b:\n  c: 2\n"), (11, "md", "```yaml\n```\n")];
        assert_eq!(seen, expected);
        assert!(found[1].is("yaml") && found[1].has("fragment") && !found[0].has("fragment"));
    }

    #[test]
    fn a_workflow_has_steps_at_the_top() {
        let block = |text: &str| Block { line: 1, info: "yaml".into(), text: text.into() };
        assert!(block("name: a\nsteps:\n  b: { set: {} }\n").is_workflow());
        assert!(!block("try:\n  steps:\n    b: 1\n").is_workflow());
    }
}

//! What drafts take and give.

use super::*;

pub const GENERATE: Shape = Fields(&[
    perhaps("prompt", Text, "What is to be done, or with `text` what is to change; up to 4000 bytes."),
    perhaps("text", Text, "A workflow in YAML that is changed; without `prompt` it is mended."),
    perhaps("answers", List(&Text), "What was answered to the questions before, in their order; up to 20."),
    perhaps("zone", Text, "The zone of the times, as `Europe/Berlin`; without it that of the machine."),
    perhaps("offline", Flag, "Ask no model."),
]);
pub const GENERATED: Shape = Fields(&[
    always("kind", Word(&["draft", "question", "refusal"]), ""),
    perhaps("yaml", Text, "The text, of a draft, and of what was mended in part."),
    perhaps("question", Text, "What has to be known first."),
    perhaps("choices", List(&Text), "Answers that would do."),
    perhaps("reason", Text, "Why not, and what is near."),
    always("assumptions", List(&Text), "What was taken to be meant."),
    always("explanation", Text, "What it does, and what came of playing it."),
    always("plan", Any, "What a run would do, as `keyway plan --json` tells it; null without a draft."),
    always("cost", Any, "What its models would cost, as `models` there."),
    always(
        "missing",
        List(&Open(&[
            always("what", Text, ""),
            always("message", Text, ""),
            perhaps("type", Maybe(&Text), "The command that helps."),
        ])),
        "What is open before it can run.",
    ),
    perhaps("diff", Text, "What differs from `text`, as `diff -u` tells it."),
    perhaps(
        "changes",
        List(&Fields(&[always("of", Text, ""), always("how", Text, ""), always("name", Text, "")])),
        "What it does otherwise than `text`.",
    ),
    perhaps("applied", List(&Open(&[always("by", Text, ""), always("title", Text, "")])), "What mended it."),
    perhaps("left", Any, "What is still wrong with it, as `keyway check --json` tells it."),
]);

/** Lint rule: a function has at most 70 lines. Tests are bodies of `Deno.test`, so they count as well. */
const LIMIT = 70;

function linesOf(node: Deno.lint.Node, context: Deno.lint.RuleContext): number {
  const text = context.sourceCode.getText(node);
  return text.split("\n").length;
}

function check(context: Deno.lint.RuleContext) {
  return (node: Deno.lint.Node) => {
    const lines = linesOf(node, context);
    if (lines <= LIMIT) return;
    context.report({
      node,
      message: `A function of ${lines} lines, at most ${LIMIT} are allowed`,
      hint: "Split it by what its parts are about",
    });
  };
}

const plugin: Deno.lint.Plugin = {
  name: "spike",
  rules: {
    "function-length": {
      create(context) {
        const report = check(context);
        return {
          FunctionDeclaration: report,
          FunctionExpression: report,
          ArrowFunctionExpression: report,
        };
      },
    },
  },
};

export default plugin;

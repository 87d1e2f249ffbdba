// JupyterLab draws an output's picture without its alternative text, metadata["image/png"]["alt"]. This draws it as
// JupyterLab does, and then gives it that text. And where the page was loaded again before a class (apps/frame/page.py),
// it brings back what was hidden then. The container that a server's extension is: written by hand, not built.
(() => {
  let scope;  // the modules that JupyterLab shares: name -> version -> { get }
  const shared = async (name) => (await Object.values(scope[name])[0].get())();

  async function unstage({ restored, shell }) {
    const before = JSON.parse(localStorage.getItem("course-stage"));
    if (!before || !shell.isSideTabBarVisible) return;  // Jupyter Notebook has none
    await restored;
    shell.mode = before.mode;
    for (const side of before.sides) if (!shell.isSideTabBarVisible(side)) shell.toggleSideTabBarVisibility(side);
    localStorage.removeItem("course-stage");
  }

  async function extension() {
    const { IRenderMimeRegistry, imageRendererFactory } = await shared("@jupyterlab/rendermime");
    const plugin = {
      id: "course-alt:plugin",
      description: "Gives pictures in outputs their alternative text, and a page its icons back.",
      autoStart: true,
      requires: [IRenderMimeRegistry],
      activate: (app, registry) => {
        unstage(app);
        registry.addFactory({
          ...imageRendererFactory,
          createRenderer: (options) => {
            const renderer = imageRendererFactory.createRenderer(options);
            const draw = renderer.renderModel.bind(renderer);
            renderer.renderModel = async (model, ...more) => {
              await draw(model, ...more);
              const said = model.metadata[options.mimeType]?.alt;
              const picture = renderer.node.querySelector("img");
              if (said && picture) picture.alt = said;
            };
            return renderer;
          },
        });
      },
    };
    return () => ({ __esModule: true, default: plugin });
  }

  (window._JUPYTERLAB ??= {})["course-alt"] = { init: (modules) => { scope = modules; }, get: extension };
})();

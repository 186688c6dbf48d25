// Loads the bundled program with the code cache that the build made, so that V8 finds the functions a usual run needs
// compiled. Node's own compile cache keeps only what was compiled before a file ran, which is a third of that.
// Plain JavaScript on purpose: it must load in Node 20.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { basename, dirname, join } from 'node:path';
import vm from 'node:vm';

/** What Node takes milliseconds to load and most runs never call. */
const SLOW_BUILTINS = new Set(['node:child_process', 'node:crypto', 'node:zlib']);

/**
 * Runs a bundle of CommonJS files. A file without cache, or whose cache V8 refuses (another version, other flags), is
 * compiled as usual: a cache changes speed alone.
 *
 * @param {string} entry path of the bundle's first file; caches are in `code-cache` beside it, by Node's version
 * @param {{ collect?: boolean }} [options] `collect`: run every file so that its cache can be saved
 * @returns {{ exports: any, save: () => void }} what the entry exports; `save` writes caches of what has run by now
 */
export function loadBundle(entry, { collect = false } = {}) {
  const folder = join(dirname(entry), 'code-cache', `${process.version}-${process.arch}`);
  const scripts = new Map();
  const own = nodeModule.createRequire(entry);
  nodeModule.enableCompileCache();

  function load(path) {
    const known = own.cache[path];
    if (known) return known.exports;
    const cache = join(folder, basename(path));
    if (!collect && !existsSync(cache)) return own(path);
    const script = new vm.Script(wrapped(readFileSync(path, 'utf8')), {
      filename: path,
      ...(collect ? {} : { cachedData: readFileSync(cache) }),
      importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    scripts.set(cache, script);
    const module = new nodeModule.Module(path);
    module.filename = path;
    // ordinary files of the bundle that ask for this one get the same instance
    own.cache[path] = module;
    const here = dirname(path);
    const require = (id) => {
      const find = id.startsWith('.') ? () => load(join(here, id)) : () => own(id);
      const isLate = !collect && (SLOW_BUILTINS.has(id) || basename(id).startsWith('late-'));
      return isLate ? atFirstUse(find) : find();
    };
    script.runInThisContext()(module.exports, require, module, path, here);
    module.loaded = true;
    return module.exports;
  }

  function save() {
    mkdirSync(folder, { recursive: true });
    for (const [cache, script] of scripts) writeFileSync(cache, script.createCachedData());
  }

  return { exports: load(entry), save };
}

/** A module that is loaded when something of it is asked for. */
function atFirstUse(load) {
  let loaded;
  const module = () => (loaded ??= load());
  return new Proxy(
    {},
    {
      get: (_, name) => module()[name],
      has: (_, name) => name in module(),
      ownKeys: () => Reflect.ownKeys(module()),
      // configurable, since the object that stands in has no such member of its own
      getOwnPropertyDescriptor: (_, name) =>
        name in module() ? { value: module()[name], enumerable: true, configurable: true } : undefined,
    },
  );
}

function wrapped(source) {
  return `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
}

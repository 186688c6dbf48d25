// Loads the bundled program with the code cache that the build made, so that V8 finds the functions a usual run needs
// compiled. Node's own compile cache keeps only what was compiled before a file ran, which is a third of that.
// Plain JavaScript on purpose: it must load in Node 20.

const { isAscii } = require('node:buffer');
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const nodeModule = require('node:module');
const { basename, dirname, join } = require('node:path');
const vm = require('node:vm');

/**
 * Milliseconds of a run in which TurboFan compiles nothing: what it compiles then costs more than it saves by the end of
 * a run of a second, and V8's other compiler is nearly as good. Told to V8 only where a run lasts so long, since that
 * loads a module of Node that takes longer than all V8 could save before.
 */
const WITHOUT_TURBOFAN = { from: 100, to: 1500 };

/**
 * The chunk whose HTTP parser is WebAssembly. V8 finds it worth its optimizing compiler after a few answers: twenty
 * megabytes and a tenth of a run, which ends before that pays.
 */
const WITH_WASM = 'undici-dispatchers-';
const COMPILERS_OF_WASM = ['wasm-tier-up', 'wasm-dynamic-tiering'];

/** What Node takes milliseconds to load and most runs never call. */
const SLOW_BUILTINS = new Set(['child_process', 'crypto', 'fs/promises', 'net', 'zlib'].map((name) => `node:${name}`));

/**
 * Runs a bundle of CommonJS files. A file without cache, or whose cache V8 refuses (another version, other flags), is
 * compiled as usual: a cache changes speed alone.
 *
 * @param {string} entry path of the bundle's first file; caches are in `code-cache` beside it, by Node's version
 * @param {{ collect?: boolean }} [options] `collect`: run every file so that its cache can be saved
 * @returns {{ exports: any, save: () => void }} what the entry exports; `save` writes caches of what has run by now
 */
function loadBundle(entry, { collect = false } = {}) {
  const folder = join(dirname(entry), 'code-cache', `${process.version}-${process.arch}`);
  const scripts = new Map();
  const own = nodeModule.createRequire(entry);
  const names = collect ? {} : readNames(folder);
  const flags = collect ? undefined : pace();

  function load(path) {
    const known = own.cache[path];
    if (known) return known.exports;
    const cachedData = collect ? undefined : readIfThere(join(folder, basename(path)));
    if (!collect && !cachedData) {
      nodeModule.enableCompileCache();
      return own(path);
    }
    // V8 refuses caches that were made with other flags
    flags?.reset();
    const script = new vm.Script(wrapped(readText(path)), {
      filename: path,
      cachedData,
      importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    flags?.apply();
    flags?.noteLoaded(path);
    scripts.set(path, script);
    const module = new nodeModule.Module(path);
    module.filename = path;
    // ordinary files of the bundle that ask for this one get the same instance
    own.cache[path] = module;
    const here = dirname(path);
    const require = (id) => {
      if (id.startsWith('.')) return standIn(join(here, id));
      return SLOW_BUILTINS.has(id) ? atFirstUse(() => own(id)) : own(id);
    };
    script.runInThisContext()(module.exports, require, module, path, here);
    module.loaded = true;
    return module.exports;
  }

  const standIns = new Map();

  /** What a file exports, without running it until one of these is asked for; most runs need a third of the bundle. */
  function standIn(path) {
    const known = standIns.get(path);
    if (known) return known;
    const exported = names[basename(path)];
    if (!exported) return load(path);
    // Of no members itself: V8 inlines what it finds on a prototype, and looks up what was defined twice.
    const asked = {};
    const exports = Object.create(asked);
    standIns.set(path, exports);
    for (const name of exported) {
      const get = () => Object.setPrototypeOf(exports, load(path))[name];
      Object.defineProperty(asked, name, { enumerable: true, get });
    }
    return exports;
  }

  function save() {
    mkdirSync(folder, { recursive: true });
    const exported = {};
    for (const [path, script] of scripts) {
      writeFileSync(join(folder, basename(path)), script.createCachedData());
      exported[basename(path)] = Object.keys(own.cache[path].exports);
    }
    writeFileSync(join(folder, NAMES), JSON.stringify(exported));
  }

  return { exports: load(entry), save };
}

/** Tells V8 to leave compilers out, as the run goes on. */
function pace() {
  let v8;
  const off = new Set();
  const leaveOut = (...compilers) => {
    v8 ??= require('node:v8');
    for (const compiler of compilers) v8.setFlagsFromString(`--no-${compiler}`);
    for (const compiler of compilers) off.add(compiler);
  };
  const reset = () => {
    for (const compiler of off) v8.setFlagsFromString(`--${compiler}`);
  };
  const end = () => {
    reset();
    off.clear();
  };
  setTimeout(leaveOut, WITHOUT_TURBOFAN.from, 'turbofan').unref();
  setTimeout(end, WITHOUT_TURBOFAN.to).unref();
  return {
    reset,
    apply: () => leaveOut(...off),
    noteLoaded: (path) => {
      if (basename(path).startsWith(WITH_WASM)) leaveOut('turbofan', ...COMPILERS_OF_WASM);
    },
  };
}

/** Text of ASCII alone, which most of the bundle is, costs V8 half of what other text does. */
function readText(path) {
  const bytes = readFileSync(path);
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

/** Nothing as well for what may not be read. */
function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Beside the caches: what each file exports, by its name. */
const NAMES = 'names.json';

function readNames(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, NAMES), 'utf8'));
  } catch {
    return {};
  }
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

module.exports = { loadBundle };

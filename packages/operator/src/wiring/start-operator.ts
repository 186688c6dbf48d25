import { ALL_RULE_KINDS, createEngine, type Decision, policyId } from '@vouchsafe/engine';
import { combineSources } from '@vouchsafe/engine/facts';
import { validateException, validateGlobalContext, validatePolicy } from '../admission/policy-validation.ts';
import { createReviewHandler } from '../admission/review-handler.ts';
import { createRouter } from '../admission/router.ts';
import { startWebhookServer } from '../admission/webhook-server.ts';
import { ensureCertificates } from '../certs/certificate-store.ts';
import { NODE_HOST } from '../facts/node-host.ts';
import { createPacedImages } from '../facts/paced-images.ts';
import { createDenialLog } from '../reports/denial-log.ts';
import { startEventSender } from '../reports/event-sender.ts';
import { withoutDoubt } from '../reports/in-doubt.ts';
import { startReportWriter } from '../reports/report-writer.ts';
import { createResultLedger } from '../reports/result-ledger.ts';
import { parseClusterConfiguration } from '../settings/cluster-configuration.ts';
import { messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import { compiledById, createPolicyStore } from '../store/policy-store.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startAdmissionPolicies } from './admission-policies.ts';
import { createAdmissionReports } from './admission-reports.ts';
import { createAuditPool } from './audit-pool.ts';
import { startBackgroundWork } from './background.ts';
import { startBackgroundScan } from './background-scan.ts';
import { createBypass } from './bypass.ts';
import { createCallFacts } from './call-facts.ts';
import { createCleaner, createOwnRights } from './cleaner.ts';
import { startCleanup } from './cleanup.ts';
import { followObjects, startClusterView } from './cluster-view.ts';
import { ensureConfigurationMap, followConfigurationMap } from './configuration-map.ts';
import { connect } from './connect.ts';
import { createExceptions } from './exceptions.ts';
import { createUnadmittedFollower } from './follow-unadmitted.ts';
import { followWebhooks } from './follow-webhooks.ts';
import { startGlobalContext } from './global-context.ts';
import { isGoingDown } from './going-down.ts';
import { certificateProblem, createHealth } from './health.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createOperatorImages } from './image-facts.ts';
import { startLeadership } from './leadership.ts';
import { createOutcomeRecorder } from './outcome-recorder.ts';
import { startPlainServer } from './plain-server.ts';
import { POLICY_RESOURCES } from './policy-resources.ts';
import { writePolicyStatuses } from './policy-status-writer.ts';
import { createReadPermissions } from './read-permissions.ts';
import { createReportedPolicies } from './reported-policies.ts';
import { followDefinitions } from './served-resources.ts';
import { startRenewal } from './start-renewal.ts';
import { stopParts } from './stop-parts.ts';
import { startWebhookReconciler } from './webhook-reconciler.ts';

export interface RunningOperator {
  readonly webhookPort: number;
  readonly metricsPort: number;
  /** Resolves when policies are loaded and the webhooks are registered. */
  readonly ready: Promise<void>;
  /** Answers what runs, removes the webhooks when nobody is left to answer them, writes what is pending. */
  stop(): Promise<void>;
}

/** Puts the operator together and starts it. Rejects with a clear message when the cluster cannot be reached. */
export async function startOperator(settings: OperatorSettings, version: string): Promise<RunningOperator> {
  const log = createLogger(settings.logLevel, settings.loggingFormat);
  const client = await connect(settings, version);
  const metrics = createMetrics(version);
  const now = () => Date.now();
  const { auditMutateDigest } = settings;
  const stops: (() => Promise<void>)[] = [];

  let configuration = parseClusterConfiguration(await ensureConfigurationMap(client, settings), settings.namespace);
  const engine = createEngine({
    host: NODE_HOST,
    ruleKinds: ALL_RULE_KINDS,
    resolveRequestVariables: settings.resolveRequestVariables,
    images: {
      defaultRegistry: configuration.defaultRegistry,
      enableDefaultRegistryMutation: configuration.enableDefaultRegistryMutation,
    },
  });
  const exceptions = createExceptions(client, settings, log);
  const reportedPolicies = createReportedPolicies(client, settings, log);
  const store = createPolicyStore({
    engine,
    linksOf: (ref) => reportedPolicies.bindingsOf(ref) ?? exceptions.naming(ref),
    auditMutateDigest,
    auditOnly: settings.auditOnly,
    forceIgnore: settings.forceFailurePolicyIgnore,
    onPolicy: (policy, change) => metrics.recordPolicyChange(policy, change),
  });
  const images = await createOperatorImages(client, settings, version, log, () => scan.trigger());
  const view = startClusterView(client, log);

  const names = { serviceName: settings.serviceName, namespace: settings.namespace, serverIP: settings.serverIP };
  let certificates = await ensureCertificates({ client, names, now: () => new Date() });

  let isLoaded = false;
  const heartbeat = startHeartbeat();
  const leadership = startLeadership({
    client,
    settings,
    log,
    onLeading() {
      webhooks.trigger();
      others.look();
      admissionPolicies.trigger();
      scan.trigger();
      cleanup.trigger();
      background.policiesChanged();
      globalContext.tellAll();
    },
  });

  const ledger = createResultLedger();
  const { reportGroup: group, reportsDelayMs: delayMs } = settings;
  const reports = startReportWriter({ client, ledger, group, delayMs, log });
  const admissionReports = createAdmissionReports({
    isEnabled: settings.admissionReports,
    client,
    ledger,
    policies: () => compiledById(store.snapshot),
    notify: reports.notify,
    log,
    now,
  });
  const events = startEventSender({
    client,
    instance: settings.podName,
    onDropped: () => metrics.recordDroppedEvent(),
    tellsSuccess: () => configuration.tellsSuccess,
    log,
    now: () => new Date(),
  });
  const calls = createCallFacts(client, settings);
  const globalContext = startGlobalContext({
    client,
    settings,
    facts: calls,
    mayWrite: leadership.isLeader,
    events,
    log,
    now,
  });
  const facts = combineSources([images, calls, globalContext.facts]);
  const cleaner = createCleaner(client, settings);
  const cleanup = startCleanup({
    client,
    cleaner,
    engine,
    settings,
    facts,
    exceptionsOf: exceptions.naming,
    namespaceLabels: view.namespaceLabels,
    isExcluded: (request) => configuration.isExcluded(request),
    mayRun: () => isLoaded && leadership.isLeader(),
    events,
    metrics,
    log,
    now,
  });
  const background = startBackgroundWork({
    client,
    facts,
    snapshot: () => store.snapshot,
    isExcluded: (request) => configuration.isExcluded(request),
    namespaceLabels: view.namespaceLabels,
    mayRun: () => isLoaded && leadership.isLeader(),
    onDecided: (request, decision) => admissionReports.report(request, [decision]),
    onTarget: admissionReports.reportTarget,
    events,
    log,
    now,
  });
  const admissionPolicies = startAdmissionPolicies({
    client,
    settings,
    store,
    exceptionsOf: exceptions.naming,
    isLoaded: () => isLoaded,
    mayWrite: leadership.isLeader,
    onChange: () => webhooks.trigger(),
    events,
    log,
  });
  const denials = createDenialLog({ client, namespace: settings.namespace, log, now: () => new Date() });
  const bypass = createBypass(client, settings, now);
  const pool = createAuditPool({ onError: (error) => log.error({ error: messageOf(error) }, 'audit work failed') });
  const isBackground = (decision: Decision) =>
    compiledById(store.snapshot).get(policyId(decision.policy))?.background ?? true;

  const scan = startBackgroundScan({
    client,
    facts: createPacedImages(facts, { perSecond: settings.backgroundScanImageRate }),
    snapshot: () => store.snapshot,
    ledger,
    namespaceLabels: view.namespaceLabels,
    isExcluded: (request) => configuration.isExcluded(request),
    intervalMs: settings.backgroundScanIntervalMs,
    workers: settings.backgroundScanWorkers,
    mayScan: leadership.isLeader,
    bypass: bypass?.judge,
    log,
    now,
    onScanned(request, decisions) {
      metrics.recordDecisions(decisions, request, { cause: 'background_scan', seconds: 0, background: isBackground });
      events.send({ request, decisions: decisions.map(withoutDoubt), allowed: true }, 'kyverno-scan');
      reports.notify();
    },
  });

  const handler = createReviewHandler({
    snapshot: () => store.snapshot,
    facts,
    configuration: () => configuration,
    roles: view.roles,
    namespaceLabels: view.namespaceLabels,
    parentKind: view.parentKind,
    heeding: background.heeding,
    onDecided: createOutcomeRecorder({
      metrics,
      events,
      denials,
      background,
      reports: admissionReports,
      isBackground,
      log,
    }),
    enqueueAudit: pool.enqueue,
    now,
    ...(bypass ? { bypass } : {}),
  });

  const permissions = createReadPermissions(client, now, settings.reportsServiceAccountName);
  const webhooks = startWebhookReconciler({
    client,
    settings,
    snapshot: () => store.snapshot,
    configuration: () => configuration,
    caBundle: () => certificates.authority.certificate,
    isLoaded: () => isLoaded,
    mayWrite: leadership.isLeader,
    log,
    onApplied: (snapshot) =>
      void writePolicyStatuses(client, snapshot, permissions, log, new Date(), admissionPolicies.stateOf),
  });
  const others = followWebhooks({
    client,
    policies: () => store.snapshot.indexes.all.policies,
    events,
    mayTell: leadership.isLeader,
    onOwn: () => webhooks.trigger(),
    log,
  });

  const health = createHealth({
    live: [{ name: 'event-loop', problem: heartbeat.problem }],
    ready: [
      { name: 'policies', problem: () => (isLoaded ? undefined : 'the policies are not read yet') },
      { name: 'certificates', problem: () => certificateProblem(certificates.serving.certificate, new Date()) },
      { name: 'webhooks', problem: () => (webhooks.isApplied ? undefined : 'the webhooks are not registered yet') },
    ],
  });
  const server = await startWebhookServer({
    host: settings.webhookServerHost,
    port: settings.webhookServerPort,
    certificate: certificates.serving,
    handle: createRouter({
      handler,
      validatePolicy: (request) =>
        validatePolicy(request, {
          engine,
          discovery: client.discovery,
          canI: createOwnRights(client, cleaner),
          auditMutateDigest,
          warningsFor: others.warningsFor,
        }),
      validateException: (request) =>
        validateException(request, {
          isEnabled: settings.enablePolicyException,
          namespace: settings.exceptionNamespace,
        }),
      validateGlobalContext,
      isLoaded: () => isLoaded,
      log,
    }),
    get: health,
    onError: (error) => log.error({ error: messageOf(error) }, 'a webhook call failed'),
  });
  const plain = await startPlainServer(settings.metricsHost, settings.metricsPort, async (path, query) => {
    if (path !== '/metrics') return health(path, query);
    return { status: 200, ...metrics.render() };
  });

  const policies = POLICY_RESOURCES.map((resource) =>
    followObjects(client, resource, log, {
      upsert: store.upsert,
      remove: store.remove,
      isOptional: resource.group === 'policies.kyverno.io',
    }),
  );
  const configurationMap = followConfigurationMap(client, settings, log, (data) => {
    configuration = parseClusterConfiguration(data, settings.namespace);
    for (const key of configuration.problems)
      log.warn({ key }, 'a value of the ConfigMap cannot be read; its default holds');
    webhooks.trigger();
  });
  const unadmitted = createUnadmittedFollower({ client, log, onChange: scan.touch });
  store.onChange((snapshot) => {
    ledger.retain(compiledById(snapshot));
    reports.notify();
    metrics.setRuleInfo(
      snapshot.policies.flatMap(({ compiled }) => (compiled ? [{ policy: compiled, ready: true }] : [])),
    );
    webhooks.trigger();
    others.look();
    admissionPolicies.trigger();
    unadmitted.follow(snapshot.indexes.all.policies).catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, 'what only scans judge is not watched');
    });
    scan.trigger();
    background.policiesChanged();
  });

  const definitions = followDefinitions(client, log, () => {
    webhooks.trigger();
    others.look();
    scan.trigger();
  });
  reportedPolicies.start(store);
  exceptions.start((isNamed) => {
    store.recompile(isNamed);
    cleanup.recompile(isNamed);
  });
  const renewal = startRenewal({
    ensure: () => ensureCertificates({ client, names, now: () => new Date(), mayRenew: leadership.isLeader() }),
    onRenewed: (renewed) => {
      certificates = renewed;
      server.setCertificate(renewed.serving);
      webhooks.trigger();
    },
    log,
  });

  stops.push(
    async () => renewal.stop(),
    async () => heartbeat.stop(),
    () => others.stop(),
    async () => webhooks.stop({ remove: await isGoingDown(client, settings) }),
    () => server.stop(),
    () => unadmitted.stop(),
    () => admissionPolicies.stop(),
    () => scan.stop(),
    () => cleanup.stop(),
    () => background.stop(),
    () => leadership.stop(),
    () => pool.drain(),
    () => reports.stop(),
    async () => admissionReports.stop(),
    () => events.stop(),
    () => denials.flush(),
    () =>
      Promise.all(
        [...policies, configurationMap, exceptions, reportedPolicies, definitions].map((informer) => informer.stop()),
      ).then(() => {}),
    () => globalContext.stop(),
    () => view.stop(),
    () => plain.stop(),
    async () => images.close(),
    () => client.close(),
  );

  const synced = [
    view.synced,
    exceptions.synced,
    reportedPolicies.synced,
    globalContext.synced,
    ...policies.map((informer) => informer.synced),
  ];
  const ready = Promise.all(synced).then(async () => {
    store.flush();
    isLoaded = true;
    background.policiesChanged();
    cleanup.trigger();
    webhooks.trigger();
    admissionPolicies.trigger();
    while (!webhooks.isApplied) await new Promise((resolve) => setTimeout(resolve, 10));
    scan.trigger();
    log.info({ webhookPort: server.port, metricsPort: plain.port, policies: store.snapshot.policies.length }, 'ready');
  });

  return {
    webhookPort: server.port,
    metricsPort: plain.port,
    ready,
    stop: () => stopParts(stops, log),
  };
}

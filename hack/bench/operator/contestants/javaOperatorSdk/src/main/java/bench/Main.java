package bench;

import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.Workflow;
import io.javaoperatorsdk.operator.api.reconciler.dependent.Dependent;
import java.time.Duration;

/** An operator on Java Operator SDK that keeps five children and a status for every Bench. */
@Workflow(dependents = {
    @Dependent(type = Children.SecretChild.class),
    @Dependent(type = Children.ConfigMapChild.class),
    @Dependent(type = Children.NetworkPolicyChild.class),
    @Dependent(type = Children.CronJobChild.class),
    @Dependent(type = Children.DeploymentChild.class),
})
@ControllerConfiguration
public class Main implements Reconciler<Bench> {
  public static void main(String[] args) {
    var operator = new Operator(settings -> {
      if (System.getenv("WORKERS") != null) {
        settings.withConcurrentReconciliationThreads(Integer.parseInt(System.getenv("WORKERS")));
      }
      if ("true".equals(System.getenv("LEADER_ELECTION"))) {
        settings.withLeaderElectionConfiguration(new LeaderElectionConfiguration("bench", "bench"));
      }
    });
    operator.register(new Main());
    operator.installShutdownHook(Duration.ofSeconds(5));
    operator.start();
  }

  @Override
  public UpdateControl<Bench> reconcile(Bench bench, Context<Bench> context) {
    var generation = bench.getMetadata().getGeneration();
    var status = bench.getStatus();
    if (status != null && Boolean.TRUE.equals(status.ready) && generation.equals(status.observedGeneration)) {
      return UpdateControl.noUpdate();
    }
    var wanted = new Bench();
    wanted.getMetadata().setName(bench.getMetadata().getName());
    wanted.getMetadata().setNamespace(bench.getMetadata().getNamespace());
    wanted.setStatus(new Bench.Status());
    wanted.getStatus().ready = true;
    wanted.getStatus().observedGeneration = generation;
    return UpdateControl.patchStatus(wanted);
  }
}

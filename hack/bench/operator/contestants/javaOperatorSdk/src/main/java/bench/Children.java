package bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.CRUDKubernetesDependentResource;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.KubernetesDependent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The five children as dependent resources, filled in from the template. */
final class Children {
  static final String SELECTOR = "bench.batchsender.io/child=true";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEMPLATE = template();

  private Children() {}

  private static String template() {
    try {
      return Files.readString(Path.of(System.getenv("CHILDREN")));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  abstract static class Child<R extends HasMetadata> extends CRUDKubernetesDependentResource<R, Bench> {
    private final Class<R> type;

    Child(Class<R> type) {
      super(type);
      this.type = type;
    }

    @Override
    protected R desired(Bench bench, Context<Bench> context) {
      var metadata = bench.getMetadata();
      var text = TEMPLATE
          .replace("$NAMESPACE", metadata.getNamespace())
          .replace("$NAME", metadata.getName())
          .replace("$UID", metadata.getUid());
      try {
        for (JsonNode child : JSON.readTree(text)) {
          if (child.get("kind").asText().equals(type.getSimpleName())) {
            return Serialization.unmarshal(child.toString(), type);
          }
        }
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
      throw new IllegalStateException("no child of kind " + type.getSimpleName());
    }

    /** The template has the owner; the framework's marks would be annotations that nobody else writes. */
    @Override
    protected boolean addOwnerReference() {
      return false;
    }

    @Override
    protected void addSecondaryToPrimaryMapperAnnotations(R desired, Bench primary) {}
  }

  @KubernetesDependent(informer = @Informer(labelSelector = SELECTOR))
  static class SecretChild extends Child<Secret> {
    public SecretChild() {
      super(Secret.class);
    }
  }

  @KubernetesDependent(informer = @Informer(labelSelector = SELECTOR))
  static class ConfigMapChild extends Child<ConfigMap> {
    public ConfigMapChild() {
      super(ConfigMap.class);
    }
  }

  @KubernetesDependent(informer = @Informer(labelSelector = SELECTOR))
  static class NetworkPolicyChild extends Child<NetworkPolicy> {
    public NetworkPolicyChild() {
      super(NetworkPolicy.class);
    }
  }

  @KubernetesDependent(informer = @Informer(labelSelector = SELECTOR))
  static class CronJobChild extends Child<CronJob> {
    public CronJobChild() {
      super(CronJob.class);
    }
  }

  @KubernetesDependent(informer = @Informer(labelSelector = SELECTOR))
  static class DeploymentChild extends Child<Deployment> {
    public DeploymentChild() {
      super(Deployment.class);
    }
  }
}

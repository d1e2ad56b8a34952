package bench;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Map;

@Group("bench.batchsender.io")
@Version("v1")
@Plural("benches")
public class Bench extends CustomResource<Map<String, Object>, Bench.Status> implements Namespaced {
  public static class Status {
    public Boolean ready;
    public Long observedGeneration;
  }
}

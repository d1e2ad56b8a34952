// An operator on controller-runtime that keeps five children and a status for every Bench:
// once with controllerutil.CreateOrUpdate, once with server-side apply.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

var groupVersion = schema.GroupVersion{Group: "bench.batchsender.io", Version: "v1"}

type BenchStatus struct {
	Ready              bool  `json:"ready,omitempty"`
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}

type Bench struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Status            BenchStatus `json:"status,omitempty"`
}

func (b *Bench) DeepCopyObject() runtime.Object { return b.deepCopy() }

func (b *Bench) deepCopy() *Bench {
	out := &Bench{TypeMeta: b.TypeMeta, Status: b.Status}
	b.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return out
}

type BenchList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Bench `json:"items"`
}

func (l *BenchList) DeepCopyObject() runtime.Object {
	out := &BenchList{TypeMeta: l.TypeMeta, ListMeta: *l.ListMeta.DeepCopy()}
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].deepCopy())
	}
	return out
}

type reconciler struct {
	client.Client
	template string
	apply    bool
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var bench Bench
	if err := r.Get(ctx, request.NamespacedName, &bench); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !bench.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	text := strings.NewReplacer(
		"$NAMESPACE", bench.Namespace, "$NAME", bench.Name, "$UID", string(bench.UID),
	).Replace(r.template)
	var children []json.RawMessage
	if err := json.Unmarshal([]byte(text), &children); err != nil {
		return ctrl.Result{}, err
	}
	for _, child := range children {
		if err := r.keep(ctx, child); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.writeStatus(ctx, &bench)
}

func (r *reconciler) keep(ctx context.Context, child json.RawMessage) error {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(child); err != nil {
		return err
	}
	if r.apply {
		return r.Apply(ctx, client.ApplyConfigurationFromUnstructured(object),
			client.FieldOwner("bench"), client.ForceOwnership)
	}
	desired, err := r.typed(object.GetKind(), child)
	if err != nil {
		return err
	}
	live := desired.DeepCopyObject().(client.Object)
	_, err = controllerutil.CreateOrUpdate(ctx, r.Client, live, func() error {
		mutate(live, desired)
		return nil
	})
	return err
}

func (r *reconciler) typed(kind string, child json.RawMessage) (client.Object, error) {
	kinds := map[string]client.Object{
		"Secret": &corev1.Secret{}, "ConfigMap": &corev1.ConfigMap{}, "NetworkPolicy": &networkingv1.NetworkPolicy{},
		"CronJob": &batchv1.CronJob{}, "Deployment": &appsv1.Deployment{},
	}
	return kinds[kind], json.Unmarshal(child, kinds[kind])
}

// mutate sets what is desired and leaves the server's defaults alone, or every pass would write.
func mutate(live, desired client.Object) {
	labels := maps.Clone(live.GetLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, desired.GetLabels())
	live.SetLabels(labels)
	live.SetOwnerReferences(desired.GetOwnerReferences())
	switch have := live.(type) {
	case *corev1.Secret:
		have.Data = desired.(*corev1.Secret).Data
	case *corev1.ConfigMap:
		have.Data = desired.(*corev1.ConfigMap).Data
	case *networkingv1.NetworkPolicy:
		have.Spec = either(desired.(*networkingv1.NetworkPolicy).Spec, have.Spec)
	case *batchv1.CronJob:
		have.Spec = either(desired.(*batchv1.CronJob).Spec, have.Spec)
	case *appsv1.Deployment:
		have.Spec = either(desired.(*appsv1.Deployment).Spec, have.Spec)
	}
}

func either[Spec any](desired, live Spec) Spec {
	if equality.Semantic.DeepDerivative(desired, live) {
		return live
	}
	return desired
}

func (r *reconciler) writeStatus(ctx context.Context, bench *Bench) error {
	wanted := BenchStatus{Ready: true, ObservedGeneration: bench.Generation}
	if bench.Status == wanted {
		return nil
	}
	before := bench.deepCopy()
	bench.Status = wanted
	return r.Status().Patch(ctx, bench, client.MergeFrom(before))
}

func main() {
	apply := flag.Bool("apply", false, "server-side apply instead of CreateOrUpdate")
	workers := flag.Int("workers", 1, "passes at a time")
	tuned := flag.Bool("tuned", false, "cache nothing but the operator's own children; a standby fills its caches")
	elect := flag.Bool("leader-elect", false, "work only as the leader")
	templatePath := flag.String("children", "", "template of the children")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(settings{*apply, *workers, *tuned, *elect}, *templatePath); err != nil {
		ctrl.Log.Error(err, "the operator ends")
		os.Exit(1)
	}
}

type settings struct {
	apply   bool
	workers int
	tuned   bool
	elect   bool
}

func (s settings) cache() cache.Options {
	if !s.tuned {
		return cache.Options{}
	}
	own := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{"bench.batchsender.io/child": "true"})}
	return cache.Options{ByObject: map[client.Object]cache.ByObject{
		&corev1.Secret{}: own, &corev1.ConfigMap{}: own, &networkingv1.NetworkPolicy{}: own,
		&batchv1.CronJob{}: own, &appsv1.Deployment{}: own,
	}}
}

func run(settings settings, templatePath string) error {
	template, err := os.ReadFile(templatePath)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	scheme.AddKnownTypes(groupVersion, &Bench{}, &BenchList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		Cache:                  settings.cache(),

		LeaderElection:                settings.elect,
		LeaderElectionID:              "bench",
		LeaderElectionNamespace:       "bench",
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(manager).
		For(&Bench{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&corev1.Secret{}).
		Owns(&corev1.ConfigMap{}).
		Owns(&networkingv1.NetworkPolicy{}).
		Owns(&batchv1.CronJob{}).
		Owns(&appsv1.Deployment{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: settings.workers, EnableWarmup: &settings.tuned}).
		Complete(&reconciler{Client: manager.GetClient(), template: string(template), apply: settings.apply})
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

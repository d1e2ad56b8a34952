-- Health of a BatchSender for Argo CD: the value of
-- resource.customizations.health.batchsender.io_BatchSender in the ConfigMap argocd-cm.

local function condition(name)
  for _, candidate in ipairs((obj.status or {}).conditions or {}) do
    if candidate.type == name then
      return candidate
    end
  end
  return nil
end

local function is_true(found)
  return found ~= nil and found.status == "True"
end

local function health(status, found, otherwise)
  local message = otherwise
  if found ~= nil and found.message ~= nil and found.message ~= "" then
    message = found.message
  end
  return { status = status, message = message }
end

if obj.spec ~= nil and obj.spec.suspend == true then
  return health("Suspended", condition("Suspended"), "spec.suspend is set")
end

-- What the status says is about an older spec.
local generation = (obj.metadata or {}).generation or 0
local observed = (obj.status or {}).observedGeneration or -1

local stalled = condition("Stalled")
if is_true(stalled) and observed == generation then
  return health("Degraded", stalled, "a person must act")
end

local ready = condition("Ready")
if is_true(ready) and observed == generation and not is_true(condition("Reconciling")) then
  return health("Healthy", ready, "ready")
end

return health("Progressing", condition("Reconciling") or ready, "waiting for the operator")

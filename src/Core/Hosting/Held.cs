// Something to take back, once.

namespace VmBus.Hosting;

internal sealed class Held(Action release) : IDisposable
{
    private Action? _release = release;

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}

// What was made so far, given back when the making fails half-way.

namespace VmBus.Hosting;

internal sealed class Undoing : IDisposable
{
    private readonly Stack<IDisposable> _made = new();

    public T Own<T>(T made) where T : IDisposable
    {
        _made.Push(made);
        return made;
    }

    /// <summary>All went well: nothing is given back.</summary>
    public void Keep() => _made.Clear();

    public void Dispose()
    {
        while (_made.TryPop(out IDisposable? made))
            made.Dispose();
    }
}

// Which pages of a guest memory are handed out: a bitmap, searched first fit. Sizes here are thousands of pages and
// allocation happens when channels open, never on a signal path.

using System.Collections;

namespace VmBus.Hosting;

internal sealed class PageAllocator
{
    private readonly Lock _sync = new();
    private readonly BitArray _used;
    private readonly int _border;
    private int _firstFree = 1;     // no page before it is free
    private int _allocated;

    // No run goes over the border: the page there is no neighbour of the one before.
    public PageAllocator(int pages, int border = int.MaxValue)
    {
        _border = border;
        _used = new BitArray(pages);
        _used[0] = true;
    }

    public int Allocated
    {
        get
        {
            lock (_sync)
                return _allocated;
        }
    }

    // Page 0 is never handed out.
    public bool IsAllocated(int page)
    {
        lock (_sync)
            return page > 0 && _used[page];
    }

    public int Allocate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        lock (_sync)
        {
            while (_firstFree < _used.Length && _used[_firstFree])
                _firstFree++;
            int run = 0;
            for (int page = _firstFree; page < _used.Length; page++)
            {
                run = _used[page] ? 0 : page == _border ? 1 : run + 1;
                if (run == count)
                {
                    int first = page - count + 1;
                    Mark(first, count, true);
                    return first;
                }
            }
            throw new InsufficientMemoryException($"No run of {count} free pages in a guest memory of {_used.Length} pages, {_allocated} of them allocated.");
        }
    }

    public void Free(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        lock (_sync)
        {
            if (first < 1 || first > _used.Length - count)
                throw new ArgumentException($"Pages {first} to {(long)first + count - 1} are not all in a guest memory of {_used.Length} pages.", nameof(first));
            for (int page = first; page < first + count; page++)
            {
                if (!_used[page])
                    throw new ArgumentException($"Page {page} is not allocated.", nameof(first));
            }
            Mark(first, count, false);
            _firstFree = Math.Min(_firstFree, first);
        }
    }

    private void Mark(int first, int count, bool used)
    {
        for (int page = first; page < first + count; page++)
            _used[page] = used;
        _allocated += used ? count : -count;
    }
}
